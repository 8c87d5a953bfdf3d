//! Files over real sockets.

use super::*;
