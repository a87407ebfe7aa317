"""The language host's calls: run programs, run plugins, install and list what they need.

Programs are run by `pulumi-language-python-exec`, the script that Pulumi's own host runs them with; it comes with the
Go module of the SDK, and PULUMI_LANGUAGE_PYTHON_EXEC names it.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import IO, Any

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from sandbox.standins.python_host.environment import UnusableEnvironmentError, python_of, virtualenv

#: The script's exit code after it has reported the error itself.
_TOLD_THE_USER = 32
_VERSION = "3.0.0"


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Pulumi's `LanguageRuntime` service for Python."""

    def __init__(self, engine_address: str) -> None:
        self._engine = engine_address
        self._running: set[subprocess.Popen[bytes]] = set()

    def stop(self) -> None:
        """End the programs and plugins that run: without their engine they would wait for ever."""
        for process in list(self._running):
            process.terminate()

    def Handshake(
        self, request: language_pb2.LanguageHandshakeRequest, _: grpc.ServicerContext
    ) -> language_pb2.LanguageHandshakeResponse:
        """The engine says where it is."""
        self._engine = request.engine_address or self._engine
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(self, _: Empty, __: grpc.ServicerContext) -> plugin_pb2.PluginInfo:
        """The host's version."""
        return plugin_pb2.PluginInfo(version=_VERSION)

    def GetRequiredPackages(
        self, _: language_pb2.GetRequiredPackagesRequest, __: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPackagesResponse:
        """None: a plugin is found when the program first uses it."""
        return language_pb2.GetRequiredPackagesResponse()

    def Run(self, request: language_pb2.RunRequest, _: grpc.ServicerContext) -> language_pb2.RunResponse:
        """Run a program to its end."""
        try:
            python, variables = python_of(request.info)
        except UnusableEnvironmentError as error:
            return language_pb2.RunResponse(error=str(error))
        # By the environment and not by arguments: a configuration may hold secrets.
        variables["PULUMI_CONFIG"] = json.dumps(dict(request.config))
        variables["PULUMI_CONFIG_SECRET_KEYS"] = json.dumps(list(request.configSecretKeys))
        arguments = {
            "monitor": request.monitor_address,
            "engine": self._engine,
            "project": request.project,
            "root_directory": request.info.root_directory,
            "stack": request.stack,
            "pwd": request.pwd,
            "dry_run": "true" if request.dryRun else "false",
            "parallel": str(request.parallel),
            "organization": request.organization,
        }
        options = [text for name, value in arguments.items() if value for text in (f"--{name}", value)]
        program = str(Path(request.info.program_directory, request.info.entry_point))
        command = [python, "-u", os.environ["PULUMI_LANGUAGE_PYTHON_EXEC"], *options, program]
        with self._started(command, cwd=request.pwd, env=variables) as process:
            code = process.wait()
        if code == _TOLD_THE_USER:
            return language_pb2.RunResponse(bail=True)
        if code:
            return language_pb2.RunResponse(error=f"Program exited with non-zero exit code: {code}")
        return language_pb2.RunResponse()

    def RunPlugin(
        self, request: language_pb2.RunPluginRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.RunPluginResponse]:
        """Run a plugin written in Python: a policy pack, or a provider; stream what it prints, then its exit code."""
        try:
            python, variables = python_of(request.info)
        except UnusableEnvironmentError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        variables.update({name: value for name, _, value in (item.partition("=") for item in request.env)})
        folder = request.info.program_directory
        is_policy = request.kind == "analyzer"
        program = ["-m", "pulumi.policy", *request.args, folder] if is_policy else [folder, *request.args]
        pipe = subprocess.PIPE
        command = [python, "-u", *program]
        # The official host starts a policy pack in the pack's folder, and other plugins in the engine's.
        where = folder if is_policy else request.pwd
        with self._started(command, cwd=where, env=variables, stdout=pipe, stderr=pipe) as plugin:
            context.add_callback(plugin.terminate)
            yield from _streamed(plugin)
            yield language_pb2.RunPluginResponse(exitcode=plugin.wait())

    def InstallDependencies(
        self, request: language_pb2.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.InstallDependenciesResponse]:
        """Make the virtual environment and install requirements.txt into it, as `pulumi install` asks."""
        folder = virtualenv(request.info)
        python = str(folder / "bin" / "python") if folder else sys.executable
        steps = [[sys.executable, "-m", "venv", str(folder)]] if folder and not Path(python).exists() else []
        if Path(request.directory, "requirements.txt").exists():
            steps.append([python, "-m", "pip", "install", "-r", "requirements.txt"])
        for step in steps:
            yield language_pb2.InstallDependenciesResponse(stdout=f"{' '.join(step)}\n".encode())
            done = subprocess.run(step, cwd=request.directory, capture_output=True, check=False)
            yield language_pb2.InstallDependenciesResponse(stdout=done.stdout, stderr=done.stderr)
            if done.returncode:
                context.abort(
                    grpc.StatusCode.FAILED_PRECONDITION, f"{' '.join(step)} exited with {done.returncode}"
                )

    def GetProgramDependencies(
        self, request: language_pb2.GetProgramDependenciesRequest, _: grpc.ServicerContext
    ) -> language_pb2.GetProgramDependenciesResponse:
        """The installed packages."""
        python, variables = python_of(request.info)
        listing = subprocess.run(
            [python, "-m", "pip", "list", "--format=json"],
            env=variables,
            capture_output=True,
            text=True,
            check=True,
        )
        return language_pb2.GetProgramDependenciesResponse(
            dependencies=[
                language_pb2.DependencyInfo(name=item["name"], version=item["version"])
                for item in json.loads(listing.stdout)
            ]
        )

    def About(
        self, request: language_pb2.AboutRequest, _: grpc.ServicerContext
    ) -> language_pb2.AboutResponse:
        """The Python in use."""
        python, _variables = python_of(request.info)
        version = ".".join(map(str, sys.version_info[:3]))
        return language_pb2.AboutResponse(executable=python, version=version)

    def Cancel(self, _: Empty, __: grpc.ServicerContext) -> Empty:
        """The engine stops; a program ends when its connections do."""
        return Empty()

    @contextmanager
    def _started(self, command: list[str], **options: Any) -> Iterator["subprocess.Popen[bytes]"]:
        with subprocess.Popen(command, **options) as process:
            self._running.add(process)
            try:
                yield process
            finally:
                self._running.discard(process)


def _streamed(plugin: "subprocess.Popen[bytes]") -> Iterator[language_pb2.RunPluginResponse]:
    """The output of a process, as it is printed, until it closes both streams."""
    printed: SimpleQueue[language_pb2.RunPluginResponse | None] = SimpleQueue()

    def read(stream: IO[bytes], answer: Callable[[bytes], language_pb2.RunPluginResponse]) -> None:
        while chunk := os.read(stream.fileno(), 65536):
            printed.put(answer(chunk))
        printed.put(None)

    assert plugin.stdout is not None  # noqa: S101 - pipes, as asked for
    assert plugin.stderr is not None  # noqa: S101 - likewise
    streams = (
        (plugin.stdout, lambda chunk: language_pb2.RunPluginResponse(stdout=chunk)),
        (plugin.stderr, lambda chunk: language_pb2.RunPluginResponse(stderr=chunk)),
    )
    for stream, answer in streams:
        Thread(target=read, args=(stream, answer), daemon=True).start()
    for _ in range(2):
        yield from iter(printed.get, None)
