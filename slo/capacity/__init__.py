"""How much a service carries: steps of rising rate, what becomes of them, and what that says.

    search ──rate──▶ survey ──run record, samples──▶ steps ──▶ trials ──▶ search
                                                       │
                                   scalability, knee, resources, costs
                                                       ▼
                                    summary: Capacity ──▶ console, markdown, page, json, manifests

`survey` has the conductor start the loads; everything else is a function of records.
"""
