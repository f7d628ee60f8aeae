"""Text of operations in a terminal, and the commands of the command line."""
