// What only setup, doctor, uninstall and demo need. They load it when they run, as one piece: the other commands start in a
// fraction of the time that all of this takes to read.

export { runDemo } from '../../demo/demo.ts';
export { runLiveDemo } from '../../demo/live-demo.ts';
export { diagnose } from '../../installer/checks/doctor.ts';
export { findPackageRoot } from '../../installer/setup/package-files.ts';
export { planSetup, runSetup } from '../../installer/setup/setup.ts';
export { planUninstall, runUninstall } from '../../installer/uninstall/uninstall.ts';
export { confirm } from '../terminal/confirm.ts';
