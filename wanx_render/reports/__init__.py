"""What people see of a run: functions of events and of the manifest."""
