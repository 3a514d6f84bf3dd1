"""The orchestrator: a plan in, clips, deliverables and a manifest out. Each shot goes its own way;
the finisher works as soon as clips are there. Knows the backend's protocol, never a vendor.
"""
