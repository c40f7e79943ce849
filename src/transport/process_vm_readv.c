/*
 * process_vm_readv: the sender offers the address of the message, the receiver pulls it out of the
 * sender's address space (vm.h): one copy, by the receiver, at the price of a meeting. send()
 * returns when the message has been pulled, so a stream does not flow ahead of its receiver, and
 * two sides that both send first wait for each other for good.
 *
 * Both directions notify by futex, with a system call only for a side that sleeps. Large messages
 * are where it pays. Needs the right to ptrace; a peer that dies is ESRCH, or is found after a
 * slice of sleep. Between threads it is the same call on one's own process.
 */
#include "transport/vm.h"

static int readv_send(void *state, const void *message, size_t n)
{
	struct vm *vm = state;

	/* The other side only reads it. */
	return vm_offer(vm, vm->side != 0, (void *)message, n);
}

static int readv_recv(void *state, void *message, size_t n)
{
	struct vm *vm = state;

	return vm_read(vm, vm->side == 0, message, n);
}

const struct transport transport_process_vm_readv = {
	.name = "process_vm_readv",
	.summary = "the receiver pulls from the sender's address space",
	.capabilities =
		TRANSPORT_PROCESS | TRANSPORT_THREAD | TRANSPORT_BOUNDARIES | TRANSPORT_SEES_DEATH,
	.state_bytes = sizeof(struct vm),
	.probe = vm_probe,
	.open = vm_open,
	.attach = vm_attach,
	.send = readv_send,
	.recv = readv_recv,
	.close = vm_close,
};
