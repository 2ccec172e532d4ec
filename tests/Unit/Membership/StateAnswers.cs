using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using GovChain.Tests.Unit.Execution;

namespace GovChain.Tests.Unit.Membership;

/// <summary>What an honest node answers of a ledger's newest state.</summary>
internal static class StateAnswers
{
    /// <summary>A value with its path and the newest header.</summary>
    public static GetStateProofResponse Of(TestLedger ledger, StateKey key)
    {
        InMemoryLedger state = ledger.State;
        return new GetStateProofResponse
        {
            Proof = GovChain.Node.Gateway.Messages.Of(key, StateTree.Prove(state, state.Tip.StateRoot, key.TreeKey), state.GetState(key)),
            Header = HeaderOf(state.Tip),
        };
    }

    /// <summary>A header as those who vote in its epoch certify it.</summary>
    public static CertifiedHeader HeaderOf(BlockHeader header) => new()
    {
        Header = ByteString.CopyFrom(header.ToBytes()),
        // Of alpha, beta and, where it votes, gamma two are a quorum.
        Certificate = header.Height == 0 ? ByteString.Empty
            : Certify(header, header.Epoch, (0, TestLedger.AlphaValidator), (1, TestLedger.BetaValidator)),
    };

    /// <summary>A certificate with these signatures.</summary>
    public static ByteString Certify(BlockHeader header, ulong epoch, params (ushort Index, TestKey Key)[] signers)
    {
        Digest digest = new Vote(VoteType.Commit, header.ChainId, epoch, header.Height, 0, header.Hash).SigningDigest();
        return ByteString.CopyFrom(new Certificate(
            VoteType.Commit, epoch, header.Height, 0, header.Hash,
            [.. signers.Select(s => new ValidatorSignature(s.Index, s.Key.Sign(digest)))]).ToBytes());
    }
}
