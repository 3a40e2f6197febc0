import { executorContract } from '../contract/executor.contract.ts';
import { fullFilesystemContract } from '../contract/full-filesystem.contract.ts';
import { filesystemContract } from '../contract/filesystem.contract.ts';
import { imagesContract } from '../contract/images.contract.ts';
import { locksContract } from '../contract/locks.contract.ts';
import { simPloopImages } from './ploop-world.ts';
import { simLvmImages } from './lvm-world.ts';
import { simRbdImages } from './rbd-world.ts';
import { simImages, simWorld } from './sim-world.ts';

filesystemContract('simulated', simWorld());
filesystemContract(
  'simulated, without reflinks',
  simWorld({ hasReflinks: false, hasFallocate: false }),
);
fullFilesystemContract('simulated', simWorld({ capacityBytes: 8 * 1024 * 1024 }));
executorContract('simulated', simWorld());
locksContract('simulated', simWorld());
imagesContract('flat, simulated', 'flat', simImages());
imagesContract('flat, simulated, without reflinks', 'flat', simImages({ hasReflinks: false }));
imagesContract('qcow2, simulated', 'qcow2', simImages());
imagesContract(
  'qcow2 with reserved space, simulated',
  'qcow2',
  simImages({}, { preallocateImages: 'space' }),
);
imagesContract('rbd, simulated', 'rbd', simRbdImages());
imagesContract('ploop, simulated', 'ploop', simPloopImages());
imagesContract('lvm with thick volumes, simulated', 'lvm', simLvmImages('thick'));
imagesContract('lvm with a thin pool, simulated', 'lvm', simLvmImages('thin'));
imagesContract('lvm with sparse volumes, simulated', 'lvm', simLvmImages('sparse'));
imagesContract(
  'lvm with encrypted thick volumes, simulated',
  'lvm',
  simLvmImages('encrypted thick'),
);
imagesContract('lvm with encrypted thin volumes, simulated', 'lvm', simLvmImages('encrypted thin'));
