using GovChain.Consensus;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <summary>
/// A state of the whole model: where the three honest validators stand. All that was ever said stays on the network, and the hostile
/// validator hears all of it and may say anything at any time, so there is no more to it.
/// </summary>
internal readonly record struct ModelPosition(ModelState One, ModelState Two, ModelState Three)
{
    private const int IdBits = 21;

    public const int Honest = 3;

    /// <summary>Of validators 1, 2, 3.</summary>
    public ModelState this[int validator] => validator switch { 1 => One, 2 => Two, _ => Three };

    public ulong Packed => ((ulong)(uint)One.Id << (2 * IdBits)) | ((ulong)(uint)Two.Id << IdBits) | (uint)Three.Id;

    public static int IdOf(ulong packed, int validator) =>
        (int)(packed >> ((Honest - validator) * IdBits)) & ((1 << IdBits) - 1);

    public ModelPosition With(int validator, ModelState state) => validator switch
    {
        1 => this with { One = state },
        2 => this with { Two = state },
        _ => this with { Three = state },
    };

    /// <summary>Which honest validators have said this of a block in a view, as bits by index.</summary>
    public int SignersOf(VoteType type, int view, int block)
    {
        int signers = 0;
        for (int i = 1; i <= Honest; i++)
        {
            int[] said = type == VoteType.Prepare ? this[i].Prepared : this[i].Committed;
            if (said[view] == block)
                signers |= 1 << i;
        }
        return signers;
    }
}
