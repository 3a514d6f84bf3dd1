"""What was asked and paid for: SQLite, the only truth about tasks.

An intent is committed before the request leaves, the task id as soon as it is known. One process
writes (the render folder is locked); every commit is on the disk before anything goes on.
"""

from wanx_render.planning.sql.attempt_steps import AttemptSteps
from wanx_render.planning.sql.clips import ClipTable
from wanx_render.planning.sql.lists import ListTables
from wanx_render.planning.sql.pictures import PictureTable


class Journal(AttemptSteps, ClipTable, PictureTable, ListTables):
    """The journal of one render folder; each base is one subject of it."""
