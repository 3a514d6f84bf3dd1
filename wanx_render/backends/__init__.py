"""Where tasks run: one protocol (``base``), and the members that fulfil it."""
