"""What people see of a run, as text, HTML or a timeline for an editing program: functions of
events, plans and manifests. Writes nothing but what it returns, except to the terminal.
"""
