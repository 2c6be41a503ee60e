import { suite } from 'uvu';
import { startBroker } from '../../../drivers/broker/broker.ts';
import { addLossCases } from './mqtt-cases.ts';

const loss = suite('drivers/mqtt: the embedded broker goes away');

addLossCases(loss, port => startBroker({ port }));

loss.run();
