import { imagesContract } from '../contract/images.contract.ts';
import { rbdWorld } from './rbd-world.ts';

imagesContract('rbd, real', 'rbd', rbdWorld);
