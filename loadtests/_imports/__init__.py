"""Load tests that were written for other tools, read as plans and promises.

    file ─ _source ─▶ plain data ─┬─ _artillery ─┐
           _javascript            └─ _k6 ────────┴─▶ streams, promises, remarks ─ _merging ─▶ Import ─ _writing ─▶ TOML

Nothing of a file is ever executed, and nothing of it falls under the table: what does not become part of the plan
becomes a `slo.promises.Remark`.
"""
