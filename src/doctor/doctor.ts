/**
 * `platter doctor`: whether this host has what the configuration needs, and what it can do. Changes nothing: what has to
 * be tried out is tried with empty files that are gone again when it ends.
 */
import type { Config } from '../config/config.ts';
import type { Drivers } from '../images/drivers.ts';
import { containmentOf } from '../ingress/containment.ts';
import type { Host } from '../ports/host.ts';
import { version } from '../version.ts';
import { checkBackends } from './backends.ts';
import type { Check, Diagnosis } from './check.ts';
import { checkDirectories } from './directories.ts';
import { checkTools } from './tools.ts';

export async function diagnose(host: Host, config: Config, drivers: Drivers): Promise<Diagnosis> {
  const checks = [
    ...(await checkTools(host, config)),
    await checkContainment(host),
    ...(await checkDirectories(host, config)),
    ...(await checkBackends(host, config, drivers)),
  ];
  const healthy = checks.every(({ status }) => status !== 'problem');
  return { healthy, platter: version, checks };
}

async function checkContainment(host: Host): Promise<Check> {
  const containment = await containmentOf(host);
  return containment.kind === 'sandbox'
    ? {
        id: 'containment',
        status: 'ok',
        message:
          'tools read files from outside in a sandbox: no network, no other files; and under limits',
        details: containment,
      }
    : {
        id: 'containment',
        status: 'warning',
        message: `tools read files from outside under limits alone: ${containment.reason}`,
        hint: 'install bubblewrap, and let this user (or container) make namespaces',
        details: containment,
      };
}
