"""Carries out what the API has written down: builds, starts and ends functions, and passes requests to them."""

import asyncio
import logging
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from sandbox.cloud.cloudfunctions import models
from sandbox.cloud.cloudfunctions.models import Function
from sandbox.cloud.cloudfunctions.processes.build import BuildError, Revision, keep, load, unpack
from sandbox.cloud.cloudfunctions.processes.environments import interpreter
from sandbox.cloud.cloudfunctions.processes.instance import Log, StartError
from sandbox.cloud.cloudfunctions.processes.metadata import MetadataServer
from sandbox.cloud.cloudfunctions.processes.pool import Pool
from sandbox.cloud.cloudresourcemanager import models as projects
from sandbox.cloud.core.errors import CloudError
from sandbox.cloud.core.store import Store
from sandbox.cloud.endpoints import environment as endpoints
from sandbox.cloud.iam import grants

_LOG: Final = logging.getLogger("sandbox.cloud")
_BUILDER: Final = ("logging.logEntries.create", "artifactregistry.repositories.uploadArtifacts")
"""What the service account of a build needs in the project."""
_NOT_READY: Final = (
    "Could not create or update Cloud Run service {service}, Container Healthcheck failed. Revision '{revision}' is "
    "not ready and cannot serve traffic. The user-provided container failed to start and listen on the port defined "
    "provided by the PORT=8080 environment variable within the allocated timeout. This can happen when the container "
    "port is misconfigured or if the timeout is too short. The health check timeout can be extended. Logs for this "
    "revision might contain more information.\n\nLogs URL: {logs} \nFor more troubleshooting guidance, see "
    "https://cloud.google.com/run/docs/troubleshooting#container-failed-to-start"
)
_LARGEST_ANSWER: Final = 32 * 1024 * 1024
_WITHHELD: Final = (
    "GOOGLE_OAUTH_ACCESS_TOKEN",  # the operator's
    # With these, Google's clients would send no token, and be the operator.
    "PUBSUB_EMULATOR_HOST",
    "STORAGE_EMULATOR_HOST",
)


class TooLargeError(Exception):
    """An answer that is larger than Cloud Run lets pass."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an instance has answered."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Supervisor:
    """Runs the functions of a store."""

    def __init__(self, store: Store, now: Callable[[], datetime], ready: Mapping[str, Any]) -> None:
        self._store = store
        self._now = now
        self._ready = ready
        self._home = store.path.with_name(f"{store.path.stem}.functions")
        self._pools: dict[str, Pool] = {}
        self._logs: dict[str, Log] = {}
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._opening: dict[str, asyncio.Lock] = {}
        self._woken = asyncio.Event()
        self._session: Any = None

    def changed(self) -> None:
        """Look again at what is written down."""
        self._woken.set()

    def log(self, name: str) -> Log:
        """The log of a function, also of one that was deleted."""
        return self._logs.setdefault(name, Log(self._now))

    def pids(self, name: str) -> list[int]:
        """The processes of a function's instances."""
        pool = self._pools.get(name)
        return [instance.pid for instance in pool.instances] if pool is not None else []

    async def run(self) -> None:
        """Carry out changes until cancelled."""
        self._woken.set()
        while True:
            await self._woken.wait()
            self._woken.clear()
            for function in models.every(self._store):
                if function.name in self._busy:
                    continue
                if function.state == models.DEPLOYING:
                    self._begin(function.name, self._deploy(function))
                elif function.state == models.DELETING:
                    self._begin(function.name, self._delete(function))

    async def close(self) -> None:
        """End all processes."""
        for task in self._busy.values():
            task.cancel()
        await asyncio.gather(*self._busy.values(), return_exceptions=True)
        await asyncio.gather(*(pool.close() for pool in self._pools.values()))
        if self._session is not None:
            await self._session.close()

    def _begin(self, name: str, work: Any) -> None:
        async def whole() -> None:
            try:
                await work
            except Exception:
                _LOG.exception("work on the function %s failed", name)
            finally:
                del self._busy[name]
                self._woken.set()

        self._busy[name] = asyncio.create_task(whole())

    async def _deploy(self, function: Function) -> None:
        error: CloudError | None = None
        pool: Pool | None = None
        try:
            revision = await self._built(function)
            pool = await self._open(function, function.revision, revision)
            await pool.fill()
        except BuildError as failure:
            self.log(function.name).add("build", str(failure))
            error = self._build_failed(function, str(failure))
        except StartError:
            error = self._not_ready(function)
        except CloudError as refusal:
            self.log(function.name).add("build", refusal.message)
            error = refusal
        except Exception:
            _LOG.exception("a deployment of %s failed", function.name)
            error = CloudError("INTERNAL")
        if error is not None and pool is not None:
            await pool.close()
        before = self._pools.get(function.name)
        if error is None and pool is not None:
            self._pools[function.name] = pool
        with self._store.transaction():
            models.deployed(self._store, function.name, function.revision, error, self._now())
        if error is None and before is not None:
            await before.close(drain=True)
            shutil.rmtree(self._folder(function.name, function.serving), ignore_errors=True)
        elif error is not None:
            shutil.rmtree(self._folder(function.name, function.revision), ignore_errors=True)

    async def _built(self, function: Function) -> Revision:
        self._require_builder(function)
        log = self.log(function.name)
        log.add("build", f"Building revision {function.revision_name(function.revision)}")
        home = self._folder(function.name, function.revision)
        source = await asyncio.to_thread(unpack, home, models.archive(self._store, function.name))
        python = await interpreter(self._home / "environments", source, lambda text: log.add("build", text))
        target = function.body["buildConfig"]["entryPoint"]
        return keep(Revision(source.folder, python, source.hidden, target, function.settings))

    def _require_builder(self, function: Function) -> None:
        """Refuse a build whose service account lacks what builds take; one without an account of its own has it.

        Raises:
            CloudError: as Cloud Build's failures are shown.
        """
        builder = function.body["buildConfig"].get("serviceAccount", "").rpartition("/")[2]
        if not builder:
            return
        member, project = f"serviceAccount:{builder}", f"projects/{function.project}"
        missing = [each for each in _BUILDER if not grants.holds(self._store, member, each, project)]
        if missing:
            raise CloudError(
                "PERMISSION_DENIED",
                "Could not build the function due to missing permissions on the build service account. "
                f"{builder} lacks {' and '.join(missing)} on the project.",
            )
        # Cloud Functions keeps a copy of the source here, and Cloud Build reads that.
        number = projects.require(self._store, function.project).number
        bucket = f"gcf-v2-sources-{number}-{function.location}"
        if not grants.holds(self._store, member, "storage.objects.get", f"{project}/buckets/{bucket}"):
            archive = f"gs://{bucket}/{function.service_id}/function-source.zip"
            failure = self._build_failed(
                function,
                f"failed to Fetch: failed to download archive {archive}: Access to bucket {bucket} denied. You must "
                f"grant Storage Object Viewer permission to {builder}. If you are using VPC Service Controls, you must "
                "also grant it access to your service perimeter.\n",
            )
            raise CloudError("INTERNAL", failure.message)

    async def _delete(self, function: Function) -> None:
        pool = self._pools.pop(function.name, None)
        if pool is not None:
            await pool.close()
        shutil.rmtree(self._folder(function.name, 0).parent, ignore_errors=True)
        with self._store.transaction():
            models.deleted(self._store, function.name, self._now())

    async def call(
        self, function: Function, method: str, path: str, headers: list[tuple[str, str]], body: bytes
    ) -> Answer:
        """Pass a request to an instance.

        Raises:
            StartError: no instance serves.
            TimeoutError: it took longer than the function may.
            ConnectionError: the instance ended before it had answered.
            TooLargeError: its answer is too large.
        """
        import aiohttp  # not at the top: most runs have no function, and it takes a quarter of a second

        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=None)
            # The server of an instance ends each connection, so that one kept may be dead.
            connector = aiohttp.TCPConnector(force_close=True, limit=0)
            self._session = aiohttp.ClientSession(timeout=timeout, connector=connector, auto_decompress=False)
        pool = await self._serving(function)
        async with pool.instance() as instance, asyncio.timeout(pool.revision.settings["timeoutSeconds"]):
            try:
                async with self._session.request(
                    method,
                    f"http://127.0.0.1:{instance.port}{path}",
                    headers=[*headers, ("X-Local-Cloud-Instance", instance.secret)],
                    data=body,
                    allow_redirects=False,
                ) as answer:
                    content = await _limited(answer.content)
                    return Answer(answer.status, list(answer.headers.items()), content)
            except aiohttp.ClientError as error:
                raise ConnectionError(str(error)) from None

    async def scale(self, function: Function) -> None:
        """Run as many instances as the function is to have now.

        Raises:
            StartError: one does not serve.
        """
        pool = await self._serving(function)
        pool.size = function.instances
        await pool.fill()

    async def _serving(self, function: Function) -> Pool:
        """The instances of the revision that serves; after a restart of the local cloud it is opened again."""
        async with self._opening.setdefault(function.name, asyncio.Lock()):
            pool = self._pools.get(function.name)
            if pool is None:
                revision = await asyncio.to_thread(load, self._folder(function.name, function.serving))
                if revision is None:
                    raise StartError("the files of the function are gone: deploy it again")
                pool = self._pools[function.name] = await self._open(function, function.serving, revision)
            return pool

    async def _open(self, function: Function, number: int, revision: Revision) -> Pool:
        account = revision.settings["serviceAccountEmail"]
        metadata = MetadataServer(self._store, self._now, function.project, function.location, account)
        await metadata.open()
        name = function.revision_name(number)
        variables = self._environment(function, name, revision, metadata.port)
        return Pool(revision, name, function.instances, variables, metadata, self.log(function.name))

    def _environment(
        self, function: Function, name: str, revision: Revision, metadata: int
    ) -> dict[str, str]:
        """What an instance finds in its environment: nothing of this process's own."""
        where = {key: value for key, value in endpoints(self._ready).items() if key not in _WITHHELD}
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "HOME": str(revision.folder.parent),
            "TMPDIR": str(revision.folder.parent),
            **where,
            **revision.settings.get("environmentVariables", {}),
            "PORT": "8080",
            "K_SERVICE": function.service_id,
            "K_CONFIGURATION": function.service_id,
            "K_REVISION": name,
            "FUNCTION_TARGET": revision.target,
            "FUNCTION_SIGNATURE_TYPE": "http",
            "GCE_METADATA_HOST": f"127.0.0.1:{metadata}",
            "GCE_METADATA_IP": f"127.0.0.1:{metadata}",
        }

    def _folder(self, name: str, revision: int) -> Path:
        return self._home / sha256(name.encode()).hexdigest()[:16] / str(revision)

    def _log_address(self, function: Function) -> str:
        return f"{self._store.address}/_local/functions/{function.service_id}/logs"

    def _build_failed(self, function: Function, why: str) -> CloudError:
        return CloudError(
            "INVALID_ARGUMENT",
            f"Build failed with status: FAILURE and message: {why}. For more details see the logs at "
            f"{self._log_address(function)}.",
        )

    def _not_ready(self, function: Function) -> CloudError:
        text = _NOT_READY.format(
            service=function.service_id,
            revision=function.revision_name(function.revision),
            logs=self._log_address(function),
        )
        return CloudError("INVALID_ARGUMENT", text)


async def _limited(content: Any) -> bytes:
    """What an instance sends, unless it is too much."""
    chunks: list[bytes] = []
    size = 0
    async for chunk in content.iter_any():
        size += len(chunk)
        if size > _LARGEST_ANSWER:
            raise TooLargeError
        chunks.append(chunk)
    return b"".join(chunks)
