"""An import-linter contract that import-linter lacks: a package may import these and nothing else."""

import sys
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class AllowedImportsContract(Contract):
    """`source` and what lies in it import only itself, the standard library and `allowed`.

    `forbidden` contracts list what must not be there and so let every new dependency pass; this one
    refuses whatever nobody thought of.
    """

    type_name = "allowed_imports"

    source = fields.ModuleField()
    allowed = fields.ListField(subfield=fields.StringField())

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        source = self.source.name  # type: ignore[attr-defined]
        permitted = {*self.allowed, *sys.stdlib_module_names}  # type: ignore[misc]
        modules = {source, *graph.find_descendants(source)}
        faults = [
            f"{module} imports {imported}"
            for module in sorted(modules)
            for imported in sorted(graph.find_modules_directly_imported_by(module))
            if imported not in modules and imported.split(".")[0] not in permitted
        ]
        return ContractCheck(kept=not faults, metadata={"faults": faults})

    def render_broken_contract(self, check: ContractCheck) -> None:
        faults: list[Any] = check.metadata["faults"]
        for fault in faults:
            output.print_error(f"- {fault}")
