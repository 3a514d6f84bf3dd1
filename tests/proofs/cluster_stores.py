"""What a store does wrong while a run works with it."""

import shutil
import time

from tests.proofs.cluster_runs import ClusterRuns, Ran
from tests.support.cluster import BUCKET


class StoreRows(ClusterRuns):
    """The bucket is slow, out for a while, refuses, forgets, or gives what is not true."""

    def troubled_store(self) -> Ran:
        """The bucket is slow, answers 500 and drops connections: after some tries all is well."""
        faults = self.bucket.faults
        faults.add("PUT", "troubled", "500", 2)
        faults.add("GET", "troubled", "drop", 2)
        faults.add("PUT", "troubled", "drop", 1)
        faults.add("PUT", "troubled", "slow", 4)
        faults.add("GET", "troubled", "slow", 2)
        ran = self.end(self.away("troubled"))
        assert ran.code == 0, ran.said
        assert not any(rule.times for rule in faults.rules), faults.rules
        self.same("troubled")
        self.clean()
        return ran

    def broken_store(self) -> Ran:
        """The bucket takes no deliverables: they fail, with a sentence; later all is well."""
        folder, faults = self.fresh("broken"), self.bucket.faults
        faults.add("PUT", "broken/.cache/deliverables", "500", 10_000)
        ran = self.end(self.away("broken", folder))
        faults.rules.clear()
        assert ran.code == 1, ran.said
        assert f"s3://{BUCKET}/broken/.cache/deliverables" in ran.said
        again = self.end(self.away("broken", folder))
        assert again.code == 0, again.said
        assert "fitted" not in again.said, "the segments were made already"
        self.same("broken")
        self.clean()
        return ran

    def busy_store(self) -> Ran:
        """The bucket answers 503 SlowDown and breaks answers off: after some tries all is well."""
        faults = self.bucket.faults
        faults.add("PUT", "busy", "busy", 6)
        faults.add("GET", "busy", "cut", 3)
        faults.add("GET", "busy", "busy", 6)
        ran = self.end(self.away("busy"))
        assert ran.code == 0, ran.said
        assert not any(rule.times for rule in faults.rules), faults.rules
        faults.rules.clear()
        self.same("busy")
        self.clean()
        return ran

    def store_away(self) -> Ran:
        """The bucket drops every connection for eight seconds, and is back."""
        faults = self.bucket.faults
        run = self.away("away")
        self.someone_at_work()
        faults.add("", "", "drop", 10**6)
        time.sleep(8)
        faults.rules.clear()
        ran = self.end(run)
        assert ran.code == 0, ran.said
        self.same("away")
        self.clean()
        return ran

    def expired_worker(self) -> Ran:
        """The credentials of one worker expire: it gets no more calls, and others do them."""
        faults = self.bucket.faults
        run = self.away("expired")
        machine = self.someone_at_work()
        faults.add("", "", "expired", 10**6, key=f"Credential={machine.folder.name}/")
        ran = self.end(run)
        faults.rules.clear()
        self.replace(machine)
        assert ran.code == 0, ran.said
        assert "is not used: s3://" in ran.said, ran.said
        assert "The provided token has expired" in ran.said, ran.said
        self.same("expired")
        self.clean()
        return ran

    def wrong_clock(self) -> Ran:
        """The clock of one worker is wrong (RequestTimeTooSkewed): the same."""
        faults = self.bucket.faults
        faults.add("", "", "skewed", 10**6, key="Credential=skewed/")
        machine = self.rig.stranger("skewed")
        ran = self.end(self.away("skewed"))
        faults.rules.clear()
        machine.kill()
        assert ran.code == 0, ran.said
        assert "is not used: s3://" in ran.said, ran.said
        assert "the current time is too large" in ran.said, ran.said
        assert not machine.scratch.exists()
        self.same("skewed")
        return ran

    def refused_run(self) -> Ran:
        """The bucket refuses the run itself: exit code 2 before anything is paid, and why."""
        faults = self.bucket.faults
        faults.add("PUT", "refused", "denied", 10**6)
        began = len(faults.seen)
        ran = self.end(self.away("refused"))
        faults.rules.clear()
        assert ran.code == 2, ran.said
        assert "Access Denied" in ran.said, ran.said
        assert len(faults.seen) - began < 10, faults.seen[began:]
        return ran

    def stale_lists(self) -> Ran:
        """Lists of the bucket show files that are gone: their parts are made again."""
        folder = self.fresh("stale")
        first = self.end(self.away("stale", folder))
        assert first.code == 0, first.said
        self._forget("stale/", parts=False)
        again = self.end(self.away("stale", folder))  # the answers to its lists are shown later
        assert again.code == 0, again.said
        assert "fitted" not in again.said, again.said
        self._forget("stale/")
        self.bucket.faults.is_stale = True
        ran = self.end(self.away("stale", folder))
        self.bucket.faults.is_stale = False
        assert ran.code == 0, ran.said
        self.same("stale")
        self.clean()
        return ran

    def damaged_parts(self) -> Ran:
        """Encoded parts in the bucket are damaged: they are noticed and made again."""
        folder = self.fresh("damaged")
        first = self.end(self.away("damaged", folder))
        assert first.code == 0, first.said
        for key, content in self.bucket.objects().items():
            if key.startswith("damaged/.cache/segments/"):
                middle = len(content) // 2
                self.bucket.change(key, content[:middle] + b"damage" + content[middle + 6 :])
        self._forget("damaged/", parts=False)
        ran = self.end(self.away("damaged", folder))
        assert ran.code == 0, ran.said
        self.same("damaged")
        self.clean()
        return ran

    def _forget(self, under: str, *, parts: bool = True) -> None:
        """Take deliverables, and encoded parts, out of the bucket and what workers keep of it."""
        for key in self.bucket.objects():
            deliverable = key.startswith(under) and key.endswith(".mp4") and key.count("/") == 1
            if deliverable or (parts and key.startswith(f"{under}.cache/segments/")):
                self.bucket.change(key, None)
        for machine in self.rig.machines:
            shutil.rmtree(machine.folder / "cache" / "files", ignore_errors=True)
