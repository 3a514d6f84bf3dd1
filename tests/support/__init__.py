"""What tests are written with: emulators, programs, judges of media. No test stands here."""
