"""Puts PyTorch for the CPU into .cache/venv and says in .cache/pytorch.json how to start it.

For Linux on x64 the package index has PyTorch with CUDA only, whose libraries take 3 GB more. The CPU needs none of
them, but the loader wants them present: the CUDA run-time library (2 MB) is installed, and for the others, which are
never called, empty stand-ins are compiled. TORCH_USE_RTLD_GLOBAL makes the loader look symbols up only when used.
Elsewhere, and where the import works as it is, there are no stand-ins. Needs a C compiler only for them.
"""
import json
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

TORCH = "torch==2.15.0"
CUDA_RUNTIME = "nvidia-cuda-runtime==13.2.86"
PURE = ["typing_extensions", "filelock", "sympy", "networkx", "jinja2", "fsspec", "setuptools"]
# The one object that PyTorch's own libraries want of a stand-in when they load; functions are looked up at their call.
OBJECTS = {"libnvshmem_host.so.3": ("NVSHMEM", "char nvshmem_selected_device_transport[4096];")}

cache = Path(__file__).resolve().parent / ".cache"
stand_ins = cache / "cuda-stand-ins"
python = cache / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def pip(*arguments):
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]
    subprocess.run(command, check=True, stdout=sys.stderr)


def import_error(env):
    """None when torch can be imported, else the last line that Python says."""
    code = "import warnings; warnings.filterwarnings('ignore'); import torch"
    result = subprocess.run([str(python), "-c", code], env={**os.environ, **env}, capture_output=True, text=True)
    return None if result.returncode == 0 else result.stderr.strip().splitlines()[-1]


def compile_stand_in(library):
    version, source = OBJECTS.get(library, (library, f"int {re.sub('[^a-z0-9]', '_', library.lower())};"))
    stand_ins.mkdir(parents=True, exist_ok=True)
    script = stand_ins / "versions"
    script.write_text(f"{version} {{ global: *; }};\n")
    command = ["cc", "-x", "c", "-", "-shared", "-o", str(stand_ins / library), f"-Wl,-soname,{library}"]
    subprocess.run([*command, f"-Wl,--version-script={script}"], input=source, text=True, check=True)


def settle():
    """The environment in which torch can be imported, with a stand-in for each library that turns out missing."""
    error = import_error({})
    if error is None:
        return {}
    env = {"TORCH_USE_RTLD_GLOBAL": "1", "LD_LIBRARY_PATH": str(stand_ins)}
    pip("--no-deps", CUDA_RUNTIME)
    for _ in range(40):
        error = import_error(env)
        if error is None:
            return env
        missing = re.search(r"(lib[\w.]+\.so\.\d+): cannot open shared object file", error)
        if not missing:
            break
        compile_stand_in(missing.group(1))
    sys.exit(f"PyTorch was installed but cannot be imported: {error}")


def main():
    venv.create(cache / "venv", with_pip=True)
    pip(*PURE)
    pip("--no-deps", TORCH)
    env = settle()
    (cache / "pytorch.json").write_text(json.dumps({"python": str(python), "env": env}))


try:
    main()
except (subprocess.CalledProcessError, OSError) as problem:
    sys.exit(f"PyTorch could not be installed: {problem}")
