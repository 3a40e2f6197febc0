import { executorContract } from '../contract/executor.contract.ts';
import { filesystemContract } from '../contract/filesystem.contract.ts';
import { locksContract } from '../contract/locks.contract.ts';
import { realWorld } from './real-world.ts';

filesystemContract('the temporary directory', realWorld());
executorContract('execa', realWorld());
locksContract('proper-lockfile', realWorld());
