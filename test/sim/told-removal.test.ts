/** A removal that got as far as it had to is told to be finished, whatever was still to be cleared up. */
import { expect, test } from 'vitest';
import { simHost } from '../../sim/sim-host.ts';
import { Backend } from '../../src/images/backend.ts';
import type { PlatterEvent } from '../../src/ports/events.ts';

test.each(['flat', 'qcow2', 'ploop'] as const)(
  '%s: all but the workspace is gone',
  async (backend) => {
    const outcomes: string[] = [];
    const emit = (event: PlatterEvent) => {
      if (event.type === 'recovered') outcomes.push(event.outcome);
    };
    const { host } = simHost({ events: { emit } });
    const workspace = '/i/vm1/.platter/disk~00000000000000aa.work';
    for (const path of ['/i', '/i/vm1', '/i/vm1/.platter', workspace]) {
      await host.filesystem.makeDirectory(path);
    }
    const intent = { operation: 'destroy', backend, startedAt: '2026-01-01T00:00:00.000Z' };
    await host.filesystem.createText(`${workspace}/intent.json`, JSON.stringify(intent));
    await new Backend({ host, config: { instancesPath: '/i' } }).recover();
    expect(outcomes).toEqual(['finished']);
  },
);
