export { FakeHub, type FakeRepository } from './fake-hub.js';
