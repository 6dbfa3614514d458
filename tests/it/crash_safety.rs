//! Nothing is left behind, whatever dies: the runner is killed around every record of its journal,
//! frozen, robbed of its Lease, its namespace or its disk, and each time the mesh is as it was.

mod frozen_runner;
mod journals;
mod kill_sweep;
mod other_actors;
mod shop;
mod standing_mesh;
