"""Runs a notebook from a clean kernel, without a window, and writes it with its outputs.

Usage: runNotebook.py IN OUT FOLDER, where FOLDER is the kernel's working folder. Exit code 1 and the cell's own message
when a cell fails; OUT then holds what there was until that cell.
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


def main(source, target, folder):
    notebook = nbformat.read(source, as_version=4)
    client = TolerantClient(
        notebook,
        timeout=900,
        record_timing=False,
        kernel_name=notebook.metadata.kernelspec.name,
        resources={"metadata": {"path": folder}},
    )
    failure = None
    try:
        client.execute()
    except CellExecutionError as error:
        failure = error
    nbformat.write(notebook, target)
    if failure is None:
        return 0
    errors = [out for cell in notebook.cells for out in cell.get("outputs", []) if out.output_type == "error"]
    for out in errors:
        print(f"{out.ename}: {out.evalue}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
