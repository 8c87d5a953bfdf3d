//! Requests over a scripted transport.

use super::*;
