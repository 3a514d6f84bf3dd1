"""Where encoding runs: this machine, or a Dask cluster with a shared store. The finisher's calls
come in, finished files go out; a piece that several lists need is made once. May use finishing;
knows no task and no money.
"""
