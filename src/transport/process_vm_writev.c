/*
 * process_vm_writev: the receiver offers the address of its buffer, the sender pushes the message
 * into the receiver's address space (vm.h): one copy, by the sender. send() waits until the
 * receiver has come and offered, and is done when it has copied; unlike with process_vm_readv it
 * is the receiver who sleeps through the copy, and a ping-pong saves a wake-up where the answer is
 * already being waited for.
 *
 * Two sides that both send first wait for each other for good. Both directions notify by futex,
 * with a system call only for a side that sleeps. Needs the right to ptrace; a peer that dies is
 * ESRCH, or is found after a slice of sleep.
 */
#include "transport/vm.h"

static int writev_send(void *state, const void *message, size_t n)
{
	struct vm *vm = state;

	/* The copy only reads it. */
	return vm_write(vm, vm->side != 0, (void *)message, n);
}

static int writev_recv(void *state, void *message, size_t n)
{
	struct vm *vm = state;

	return vm_offer(vm, vm->side == 0, message, n);
}

const struct transport transport_process_vm_writev = {
	.name = "process_vm_writev",
	.summary = "the sender pushes into the receiver's address space",
	.capabilities =
		TRANSPORT_PROCESS | TRANSPORT_THREAD | TRANSPORT_BOUNDARIES | TRANSPORT_SEES_DEATH,
	.state_bytes = sizeof(struct vm),
	.probe = vm_probe,
	.open = vm_open,
	.attach = vm_attach,
	.send = writev_send,
	.recv = writev_recv,
	.close = vm_close,
};
