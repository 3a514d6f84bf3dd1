"""What happens at the service, with money: requests sent once, results fetched. Limits and budget
are kept, tasks followed, lost answers searched for. A take comes in; its clip on the disk, or the
reason why there is none, goes out. Knows the backend's protocol, never a vendor.
"""
