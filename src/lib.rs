use pgrx::prelude::*;
pgrx::pg_module_magic!(name = c"optimizer_workflow", version = c"0.1.0");
