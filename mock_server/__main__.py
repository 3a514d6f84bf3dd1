"""``python -m mock_server``."""

from mock_server.serve import main

main(prog_name=f"python -m {__package__}")
