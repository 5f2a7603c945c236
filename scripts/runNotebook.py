"""Runs a notebook from a clean kernel, without a window, and writes it with its outputs.

Usage: runNotebook.py IN OUT FOLDER, where FOLDER is the kernel's working folder. Exit code 1 with one line when a cell
fails, which is then in OUT with everything before it, or when the kernel does not start or dies.
"""

import sys

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError


class TolerantClient(NotebookClient):
    """Deno's kernel shows a cell's value with `transient: null`, on which some versions of nbclient fail."""

    def process_message(self, msg, cell, cell_index):
        if msg["content"].get("transient", {}) is None:
            msg["content"]["transient"] = {}
        return super().process_message(msg, cell, cell_index)


def failure(notebook):
    """The first failed cell's message."""
    for cell in notebook.cells:
        for out in cell.get("outputs", []):
            if out.output_type == "error":
                return f"Cell {cell.get('id', '')} failed. {out.ename}: {out.evalue}"
    return "A cell failed without a message."


def main(source, target, folder):
    try:
        notebook = nbformat.read(source, as_version=4)
    except (OSError, ValueError, nbformat.ValidationError) as error:
        print(f"{source} cannot be read as a notebook: {error}", file=sys.stderr)
        return 1
    client = TolerantClient(
        notebook,
        timeout=900,
        record_timing=False,
        kernel_name=notebook.metadata.kernelspec.name,
        resources={"metadata": {"path": folder}},
    )
    try:
        client.execute()
    except CellExecutionError:
        nbformat.write(notebook, target)
        print(failure(notebook), file=sys.stderr)
        return 1
    except Exception as error:  # a kernel that dies surfaces as one of several
        print(f"The notebook's kernel did not start, or died: {error!r}", file=sys.stderr)
        return 1
    nbformat.write(notebook, target)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
