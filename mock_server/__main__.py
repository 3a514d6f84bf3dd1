"""``python -m mock_server``."""

from mock_server.serve import main

main(prog_name="python -m mock_server")
