using GovChain.Core.Cryptography;

namespace GovChain.Core.Model;

/// <summary>A vote with its signature, as others keep it; the signer goes without saying.</summary>
/// <param name="Type">What it says.</param>
/// <param name="Epoch">The validator set's epoch.</param>
/// <param name="Height">The block's height.</param>
/// <param name="View">The view; for a view change the view asked for.</param>
/// <param name="BlockHash">The block; for a view change the prepared block, or zero.</param>
/// <param name="PreparedView">Only for a view change: the view the block was prepared in, or -1.</param>
/// <param name="Signature">Over all of it.</param>
public readonly record struct SignedVote(
    VoteType Type, ulong Epoch, ulong Height, uint View, Digest BlockHash, long PreparedView, Signature Signature)
{
    /// <summary>What the signature is over.</summary>
    public Vote VoteOn(Digest chainId) => new(Type, chainId, Epoch, Height, View, BlockHash, PreparedView);

    /// <summary>Whether its signer signs it later than <paramref name="other"/>: by height, view, and within a view
    /// ViewChange, Prepare, Commit.</summary>
    public bool IsNewerThan(in SignedVote other) =>
        (Height, View, Rank).CompareTo((other.Height, other.View, other.Rank)) > 0;

    private int Rank => Type == VoteType.ViewChange ? 0 : (int)Type;
}
