"""What the package is called that this emulator was installed from."""

LIGHT = "wanx-mock-server"
PACKAGE = __name__.partition(".")[0]  # of the modules; another one in the light package
NAME = "wanx-render" if PACKAGE == "mock_server" else LIGHT
