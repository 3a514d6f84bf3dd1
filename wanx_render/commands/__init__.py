"""One file for each command; the only wiring, and the only place that knows the outside world."""
