"""Tests of the ways in: the authority, HTTPS, and the proxy as the vendor's hosts."""
