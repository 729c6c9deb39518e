"""Executes the steps of the build file that `drover export dockerfile` writes, in an empty directory, and serves from it.

    python check_image.py --drover .build/debug/drover

It needs root (or `sudo` without a password) for namespaces of its own, in which the directory is the root, read-only but for
/tmp, and the loopback interface the only network. Packages are not installed: they are compared with the libraries that the
program needs, which are copied from this machine, as are the few programs of the base image that the steps use.

Exit code 0 when each step can be executed, the image's user serves (`GET /ping`, and a question where Llama Stack answers), and
the health check tells so; else 1 and what is not so.
"""

import argparse
import fcntl
import http.client
import json
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SECONDS = 60
NAMESPACES = ["unshare", "--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc"]
# Of `debian:bookworm-slim`, what the steps use; all of it is of essential packages.
BASE_PROGRAMS = ["bash", "grep", "head"]
BASE_LIBRARIES = r"(linux-vdso|ld-linux.*|libc|libm|libdl|libpthread|librt|libresolv|libutil|libgcc_s)\.so\.\d+"
PACKAGES = {"libyaml-0.so.2": "libyaml-0-2", "libstdc++.so.6": "libstdc++6", "libz.so.1": "zlib1g"}
UPSTREAM = str(Path(__file__).resolve().parents[1] / "Conformance" / "upstream.py")
# Where the command of an image with a spec expects them.
TOKENS, TOKEN = "/etc/drover/tokens/tokens", "a-token-that-is-long-enough-for-one"
SPEC = """\
drover: v1
stack: shop
servers: {llamastack: {url: "http://127.0.0.1:9"}}
agents:
  support: {model: llm, instructions: Answer briefly., log: false}
"""


class Wrong(Exception):
    """What is not as the build file promises."""


def steps(text: str) -> list[tuple[str, str]]:
    """The instructions of a build file, each with what follows it; a line that ends with `\\` goes on in the next one."""
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines if line.strip())]


def libraries(program: str) -> list[str]:
    """The shared libraries that a program is loaded with, and the loader."""
    told = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    if "not found" in told:
        raise Wrong(f"This machine lacks a library of {program}: {told}")
    return re.findall(r"(/\S+) \(0x", told)


class Image:
    """A directory in which steps are executed, and what they say of its processes."""

    def __init__(self, root: Path, context: Path) -> None:
        self.root, self.context = root, context
        self.environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
        self.directory = "/"
        self.user = self.group = 0
        self.packages: set[str] = set()
        self.exposed = 0
        self.entry: list[str] = []
        self.command: list[str] = []
        self.check: list[str] = []

    def execute(self, name: str, rest: str) -> None:
        match name:
            case "FROM":
                self.lay_base(rest)
            case "RUN" if rest.startswith("apt-get"):
                self.packages = set(re.search(r"apt-get install -y --no-install-recommends ([^&]+?) &&", rest)[1].split())
            case "RUN":
                self.must(json.loads(rest))
            case "COPY":
                self.copy(rest.split())
            case "ENV":
                self.environment |= dict(each.split("=", 1) for each in rest.split())
            case "WORKDIR":
                self.directory = rest
                self.inside(rest).mkdir(parents=True, exist_ok=True)
            case "USER":
                self.user, self.group = map(int, rest.split(":"))
            case "EXPOSE":
                self.exposed = int(rest)
            case "HEALTHCHECK":
                self.check = json.loads(rest[rest.index("CMD ") + 4:])
            case "ENTRYPOINT":
                self.entry = json.loads(rest)
            case "CMD":
                self.command = json.loads(rest)
            case _:
                raise Wrong(f"Nobody knows how to execute `{name} {rest}`.")

    def inside(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def take(self, path: str) -> None:
        """Copies a file of this machine to the same place."""
        place = self.inside(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.exists():
            shutil.copy(path, place)

    def lay_base(self, image: str) -> None:
        if not re.match(r"(debian|ubuntu):", image):
            raise Wrong(f"`apt-get` is of Debian, and the image starts from `{image}`.")
        for path in ("dev", "etc", "proc", "root", "usr/bin"):
            (self.root / path).mkdir(parents=True)
        (self.root / "tmp").mkdir()
        (self.root / "tmp").chmod(0o1777)
        (self.root / "bin").symlink_to("usr/bin")
        (self.root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/bash\n")
        (self.root / "etc/group").write_text("root:x:0:\n")
        (self.root / "etc/hosts").write_text("127.0.0.1 localhost\n")
        for name in BASE_PROGRAMS:
            found = os.path.realpath(shutil.which(name) or name)
            shutil.copy(found, self.root / "usr/bin" / name)
            for library in libraries(found):
                self.take(library)
        for name in ("null", "zero", "random", "urandom"):
            (self.root / "dev" / name).touch()
            mount("--bind", f"/dev/{name}", self.root / "dev" / name)
        mount("--rbind", "/proc", self.root / "proc")

    def copy(self, words: list[str]) -> None:
        mode = next((int(word.removeprefix("--chmod="), 8) for word in words if word.startswith("--chmod=")), None)
        source, target = [word for word in words if not word.startswith("--")]
        place = self.inside(target)
        place.parent.mkdir(parents=True, exist_ok=True)
        if (self.context / source).is_dir():
            shutil.copytree(self.context / source, place)
            return
        shutil.copy(self.context / source, place)
        if mode is not None:
            place.chmod(mode)
        self.install_libraries(place)

    def install_libraries(self, program: Path) -> None:
        """Brings what a program is loaded with, if the base or a package of the image has it; Swift's own are within a
        program that is built as the image wants it."""
        for path in libraries(str(program)):
            name = Path(path).name
            if "/swift/" not in path and not re.fullmatch(BASE_LIBRARIES, name):
                package = PACKAGES.get(name)
                if package not in self.packages:
                    raise Wrong(f"No package of the image has {name}: it installs {sorted(self.packages)}.")
            self.take(path)

    def close(self) -> None:
        """From now on only /tmp can be written."""
        mount("-o", "remount,bind,ro", self.root)
        mount("-t", "tmpfs", "-o", "mode=1777", "tmpfs", self.root / "tmp")

    def start(self, words: list[str], **more: Any) -> subprocess.Popen:
        def enter() -> None:
            os.chroot(self.root)
            os.chdir(self.directory)
            os.setgroups([])
            os.setgid(self.group)
            os.setuid(self.user)

        return subprocess.Popen(words, env=self.environment, preexec_fn=enter, **more)

    def run(self, words: list[str]) -> tuple[int, str]:
        process = self.start(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            said, _ = process.communicate(timeout=SECONDS)
        finally:
            process.kill()
        return process.returncode, said

    def must(self, words: list[str]) -> str:
        code, said = self.run(words)
        if code != 0:
            raise Wrong(f"`{' '.join(words)}` ended with {code}: {said}")
        return said


def mount(*words: str | Path) -> None:
    subprocess.run(["mount", *map(str, words)], check=True)


def raise_loopback() -> None:
    """What `ip link set lo up` does."""
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 1 | 0x40))  # SIOCSIFFLAGS: up, running


def built(drover: str, folder: Path, *options: str) -> Image:
    """The image that a build file makes."""
    written = subprocess.run([drover, "export", "dockerfile", *options], capture_output=True, text=True, check=True).stdout
    root, context = folder / "root", folder / "context"
    (context / "spec").mkdir(parents=True)
    (context / "spec" / "drover.yaml").write_text(SPEC)
    (context / "drover").symlink_to(drover)
    root.mkdir()
    root.chmod(0o755)
    mount("--bind", root, root)
    image = Image(root, context)
    for name, rest in steps(written):
        image.execute(name, rest)
    return image


def ask(port: int, path: str, body: Any = None, token: str = "") -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    try:
        connection.request("GET" if body is None else "POST", path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def check_rights(image: Image) -> None:
    if image.user == 0 or image.group == 0:
        raise Wrong(f"It runs as {image.user}:{image.group}.")
    told = image.must(["/bin/bash", "-c", "echo $UID; echo x > /tmp/x"])
    if told != f"{image.user}\n":
        raise Wrong(f"It runs as {told}")
    for path in ("/x", "/usr/local/bin/x", "/etc/x"):
        if image.run(["/bin/bash", "-c", f"echo x > {path}"])[0] == 0:
            raise Wrong(f"{path} could be written.")


def check_serving(image: Image, words: list[str], asks: bool = False) -> None:
    """Serves with these words after the entry point, until it is stopped."""
    code, said = image.run(image.check)
    if code == 0:
        raise Wrong(f"The health check succeeds where nothing serves: {said}")
    with tempfile.TemporaryFile("w+") as log:
        served = image.start([*image.entry, *words], stdout=log, stderr=subprocess.STDOUT)
        try:
            wait(served, image.exposed, "/ready" if asks else "/ping")
            image.must(image.check)
            for path in ("/ping", "/health"):
                if (status := ask(image.exposed, path)[0]) != 200:
                    raise Wrong(f"{path} is {status}.")
            if (status := ask(image.exposed, "/metrics")[0]) != 401:
                raise Wrong(f"Who has no token gets {status} for /metrics.")
            if asks:
                status, said = ask(image.exposed, "/v1/responses", {"input": "Hello"}, TOKEN)
                if status != 200 or "30 days" not in said:
                    raise Wrong(f"A question is answered with {status}: {said}")
            served.send_signal(signal.SIGTERM)
            if (code := served.wait(SECONDS)) != 0:
                raise Wrong(f"It ended with {code} when it was stopped.")
        except (Wrong, OSError, subprocess.TimeoutExpired) as problem:
            log.seek(0)
            raise Wrong(f"{problem} It said: {log.read()}") from problem
        finally:
            served.kill()
            served.wait()


def wait(served: subprocess.Popen, port: int, path: str) -> None:
    deadline = time.monotonic() + SECONDS
    while served.poll() is None and time.monotonic() < deadline:
        try:
            if ask(port, path)[0] == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    raise Wrong(f"{path} is not answered on port {port}; the process ended with {served.poll()}.")


def give_tokens(image: Image) -> None:
    """What a volume brings."""
    image.inside(TOKENS).parent.mkdir(parents=True)
    image.inside(TOKENS).write_text(f"tester {TOKEN}\n")
    image.close()


def check(drover: str, folder: Path) -> None:
    os.umask(0o022)
    raise_loopback()
    plain = built(drover, folder / "plain")
    give_tokens(plain)
    check_rights(plain)
    if "serve" not in plain.must([*plain.entry, *plain.command]):
        raise Wrong("Without a command it does not tell of its commands.")
    behind = subprocess.Popen([sys.executable, UPSTREAM, "--port", "8321"], stdout=subprocess.DEVNULL)
    try:
        plain.environment |= {"LLAMASTACK_BASE_URL": "http://127.0.0.1:8321", "LLAMASTACK_MODEL": "scripted/llm"}
        check_serving(plain, ["serve", "--host", "0.0.0.0", "--auth-token-file", TOKENS], asks=True)
    finally:
        behind.kill()
        behind.wait()
    image = built(drover, folder / "spec", "--with-spec")
    give_tokens(image)
    check_rights(image)
    # The server that its spec names is not there: it is alive all the same.
    check_serving(image, image.command)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--drover", required=True)
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        try:
            check(options.drover, options.inside)
        except (Wrong, subprocess.CalledProcessError, OSError) as problem:
            print(problem)
            return 1
        print("The image serves.")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        # So that the image's user reaches its root.
        os.chmod(folder, 0o755)
        again = [sys.executable, __file__, "--drover", os.path.abspath(options.drover), "--inside", folder]
        sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
        # What is mounted goes with the namespaces, so that the directory can be removed.
        try:
            return subprocess.run([*sudo, *NAMESPACES, *again], timeout=300).returncode
        finally:
            if sudo:  # They are root's.
                subprocess.run([*sudo, "rm", "-rf", "--one-file-system", f"{folder}/plain", f"{folder}/spec"])


if __name__ == "__main__":
    sys.exit(main())
