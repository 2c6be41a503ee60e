import { suite } from 'uvu';
import { startMosquitto } from './mosquitto.ts';
import { addLossCases } from './mqtt-cases.ts';

const loss = suite('drivers/mqtt: Mosquitto goes away');

addLossCases(loss, startMosquitto);

loss.run();
