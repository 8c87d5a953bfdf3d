//! What is MongoDB's own; what every store promises is in the contract.
