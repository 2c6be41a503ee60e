import { suite } from 'uvu';
import { addPtyCases } from './pty-cases.ts';

const serial = suite('drivers/serial: pseudo-terminal of socat');

addPtyCases(serial, 'socat');

serial.run();
