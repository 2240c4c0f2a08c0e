import t from 'tap';
import { storeContract } from './contract.js';
import { MemoryStore } from './memory-store.js';

storeContract(t, 'memory', async () => new MemoryStore());
