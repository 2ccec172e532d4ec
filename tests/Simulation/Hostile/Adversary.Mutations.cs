using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <content>Messages with one field changed, and bytes that are none.</content>
internal sealed partial class Adversary
{
    /// <summary>One field is another; what is this validator's own is signed anew, half of the time.</summary>
    private ConsensusMessage Mutate(ConsensusMessage message) => message switch
    {
        ProposeMessage m => MutatePropose(m),
        VoteMessage m => MutateVote(m),
        ViewChangeMessage m => MutateViewChange(m),
        DecidedMessage m => MutateDecided(m),
        StatusMessage m => Lie(m),
        ProposalRequest m => _stage.Rng.Chance(500)
            ? m with { AtHeight = m.AtHeight + 1 }
            : m with { BlockHash = Other(m.BlockHash) },
        ProposalResponse m => m with { Block = Invalid(m.Block) },
        RecallRequest m => m with { Above = Near(m.Above) },
        RecallResponse { Newest: { } vote } m => m with { Newest = vote with { Height = Near(vote.Height) } },
        RecallResponse m => m with { Token = m.Token + 1 },
        _ => message,
    };

    private ProposeMessage MutatePropose(ProposeMessage m)
    {
        ProposeMessage mutated = _stage.Rng.Below(6) switch
        {
            0 => m with { View = m.View + 1 },
            1 => m with { Block = Invalid(m.Block) },
            2 => m with { Signer = AnyValidator() },
            3 => m with { Block = m.Block with { LeafHashes = [.. m.Block.LeafHashes, m.Block.Hash] } },
            4 when m.Justification is { } j => m with
            {
                Justification = j with { ViewChanges = [.. j.ViewChanges.Skip(1), j.ViewChanges[0]] },
            },
            5 when m.Justification is { Prepared: { } c } j => m with
            {
                Justification = j with { Prepared = MutateCertificate(c) },
            },
            _ => m with { Block = m.Block with { LeafHashes = [.. m.Block.LeafHashes.Skip(1), m.Block.LeafHashes[0]] } },
        };
        // The codec writes a justification exactly above view 0.
        if (mutated.View > 0 && mutated.Justification is null)
            mutated = mutated with { View = 0 };
        return _stage.Rng.Chance(500) ? Resign(mutated, mutated.Block) : mutated;
    }

    private VoteMessage MutateVote(VoteMessage m)
    {
        VoteMessage mutated = _stage.Rng.Below(6) switch
        {
            0 => m with { Epoch = m.Epoch + 1 },
            1 => m with { VoteHeight = Near(m.VoteHeight) },
            2 => m with { View = m.View + (uint)_stage.Rng.Between(1, 3) },
            3 => m with { BlockHash = Other(m.BlockHash) },
            4 => m with { Signer = AnyValidator() },
            _ => m with { Type = m.Type == VoteType.Prepare ? VoteType.Commit : VoteType.Prepare },
        };
        return mutated.Signer == _node.Index && _stage.Rng.Chance(500)
            ? mutated with
            {
                Signature = Sign(new Vote(mutated.Type, Config.ChainId, mutated.Epoch, mutated.VoteHeight,
                    mutated.View, mutated.BlockHash)),
            }
            : mutated;
    }

    private ViewChangeMessage MutateViewChange(ViewChangeMessage m) => _stage.Rng.Below(6) switch
    {
        0 => ViewChange(m.Height, m.View + 1, m.Prepared),
        1 => ViewChange(Near(m.Height), m.View, m.Prepared),
        2 => m with { Prepared = null },
        3 when m.Prepared is { } c => ViewChange(m.Height, m.View, MutateCertificate(c)),
        4 => m with { Payload = m.Payload with { Signer = AnyValidator() } },
        _ => m with { Payload = m.Payload with { PreparedView = m.View - 1L, PreparedHash = Other(m.Payload.PreparedHash) } },
    };

    private DecidedMessage MutateDecided(DecidedMessage m)
    {
        if (_stage.Rng.Chance(500))
            return m with { Certificate = MutateCertificate(m.Certificate) };
        byte[] header = m.Header.ToBytes();
        header[^(1 + _stage.Rng.Below(3 * Digest.Size))] ^= 1;
        return m with { Header = BlockHeader.TryRead(header)! };
    }

    private Certificate MutateCertificate(Certificate c) => _stage.Rng.Below(6) switch
    {
        0 => c with { View = c.View + 1 },
        1 => c with { Height = c.Height + 1 },
        2 => c with { BlockHash = Other(c.BlockHash) },
        3 => c with { Type = c.Type == VoteType.Prepare ? VoteType.Commit : VoteType.Prepare },
        4 => c with { Signatures = [.. c.Signatures.Skip(1)] },
        _ => c with { Epoch = c.Epoch + 1 },
    };

    private void SendGarbage(ConsensusMessage message)
    {
        Prng rng = _stage.Rng;
        byte[] bytes = ConsensusMessageCodec.Encode(message);
        switch (rng.Below(4))
        {
            case 0:
                bytes[rng.Below(bytes.Length)] ^= (byte)(1 << rng.Below(8));
                break;
            case 1:
                bytes = bytes[..rng.Below(bytes.Length)];
                break;
            case 2:
                bytes = new byte[rng.Below(600)];
                for (int i = 0; i < bytes.Length; i++)
                    bytes[i] = (byte)rng.Next();
                break;
            case 3 when message is VoteMessage v:
                bytes = ConsensusMessageCodec.Encode(v with { Signer = AnyValidator() });
                break;
        }
        _node.Transmit(rng.Below(_stage.Scenario.Validators), new ConsensusFrame(bytes));
    }

    private ushort AnyValidator() => (ushort)_stage.Rng.Below(_stage.Scenario.Validators + 1);

    private ulong Near(ulong height) => Math.Max(1, height + (ulong)_stage.Rng.Between(0, 2) - 1);

    private static Digest Other(Digest hash) => Sha256.Hash(hash.Span);
}
