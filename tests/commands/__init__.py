"""Tests of the commands as people start them: exit codes, stdout, stderr."""
