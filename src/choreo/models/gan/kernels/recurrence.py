"""A bidirectional GRU layer whose backward pass is fast on a CPU.

Torch's own adds each time step's part to the weights' gradients one by one, in as many
small matrix products as there are steps. Here the steps only carry the gradient of the
state, and one large product a direction makes the weights' gradients. The forward pass
makes the same operations as torch's, so that results are the same to the last bit.
"""

import torch
from torch.autograd.function import once_differentiable
from torch.nn import functional


def bidirectional_gru(module, inputs):
    """Run an `nn.GRU` as `module` would.

    Parameters
    ----------
    module : nn.GRU
        Bidirectional, with biases and without dropout.
    inputs : Tensor, shape (T, B, n)
        Time first.

    Returns
    -------
    Tensor, shape (T, B, 2 * hidden)
    """
    x = inputs
    for layer in range(module.num_layers):
        weights = [
            getattr(module, f"{name}_l{layer}{direction}")
            for direction in ("", "_reverse")
            for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        ]
        x = _Layer.apply(x, *weights)
    return x


class _Layer(torch.autograd.Function):
    """One layer, both directions. States are kept in the order in which they are made."""

    @staticmethod
    @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.float32)
    def forward(ctx, x, *weights):
        frames, clips, _ = x.shape
        hidden = weights[1].shape[1]
        states = x.new_zeros(frames + 1, 2, clips, hidden)
        # Reset, update and new gates, and the new gate's part from the state.
        gates = x.new_empty(frames, 4, 2, clips, hidden)
        for d in range(2):
            w_in, w_state, b_in, b_state = weights[4 * d : 4 * d + 4]
            from_input = functional.linear(x.flip(0) if d else x, w_in, b_in)
            state = states[0, d]
            for t in range(frames):
                i_reset, i_update, i_new = from_input[t].chunk(3, 1)
                s_reset, s_update, s_new = torch.addmm(b_state, state, w_state.t()).chunk(3, 1)
                reset = torch.sigmoid(s_reset + i_reset, out=gates[t, 0, d])
                update = torch.sigmoid(s_update + i_update, out=gates[t, 1, d])
                new = torch.tanh(i_new + s_new * reset, out=gates[t, 2, d])
                gates[t, 3, d] = s_new
                state = torch.add((state - new) * update, new, out=states[t + 1, d])
        ctx.save_for_backward(x, states, gates, *weights)
        return torch.cat([states[1:, 0], states[1:, 1].flip(0)], 2)

    @staticmethod
    @once_differentiable
    @torch.amp.custom_bwd(device_type="cpu")
    def backward(ctx, slope):
        x, states, gates, *weights = ctx.saved_tensors
        frames, _, clips, hidden = states[1:].shape
        reset, update, new, from_state = gates.unbind(1)
        # How each gate's input moves the state, for all steps at once.
        by_update = (states[:-1] - new) * update * (1 - update)
        by_new = (1 - update) * (1 - new.square())
        by_reset = from_state * reset * (1 - reset)
        slope = torch.stack([slope[..., :hidden], slope[..., hidden:].flip(0)], 1)
        back = torch.stack([weights[1], weights[5]])
        # Gradients of the gates' inputs from the state; of the new gate's whole input.
        inner = x.new_empty(frames, 2, clips, 3, hidden)
        outer_new = x.new_empty(frames, 2, clips, hidden)
        state = x.new_zeros(2, clips, hidden)
        for t in range(frames - 1, -1, -1):
            state = state + slope[t]
            new = torch.mul(state, by_new[t], out=outer_new[t])
            torch.mul(new, by_reset[t], out=inner[t, :, :, 0])
            torch.mul(state, by_update[t], out=inner[t, :, :, 1])
            torch.mul(new, reset[t], out=inner[t, :, :, 2])
            carried = torch.bmm(inner[t].view(2, clips, 3 * hidden), back)
            state = torch.addcmul(carried, state, update[t])
        outer = torch.cat([inner[:, :, :, :2], outer_new.unsqueeze(3)], 3)

        by_input, by_weights = 0, []
        for d in range(2):
            w_in = weights[4 * d]
            outer_rows = outer[:, d].reshape(-1, 3 * hidden)
            inner_rows = inner[:, d].reshape(-1, 3 * hidden)
            own = x.flip(0) if d else x
            by_weights += [
                outer_rows.t() @ own.reshape(-1, own.shape[2]),
                inner_rows.t() @ states[:-1, d].reshape(-1, hidden),
                outer_rows.sum(0),
                inner_rows.sum(0),
            ]
            part = (outer_rows @ w_in).view(x.shape)
            by_input = by_input + (part.flip(0) if d else part)
        return by_input, *by_weights
