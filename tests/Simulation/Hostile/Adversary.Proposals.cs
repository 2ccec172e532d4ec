using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <content>What a hostile leader proposes, and what a hostile validator serves.</content>
internal sealed partial class Adversary
{
    private readonly Dictionary<Digest, ReadOnlyMemory<byte>> _garbage = [];

    /// <summary>The envelope of a known body under a garbage signature, if this node proposed one with that leaf hash.
    /// </summary>
    public ReadOnlyMemory<byte>? GarbageBody(Digest leaf) =>
        _garbage.TryGetValue(leaf, out ReadOnlyMemory<byte> envelope) ? envelope : (ReadOnlyMemory<byte>?)null;

    /// <summary>A stored block as this node serves it: sometimes with other leaves, certificate or header.</summary>
    public StoredBlock Spoil(StoredBlock block)
    {
        if (block.Certificate is not { } certificate || !Dares(FaultKind.LyingSync, 600))
            return block;
        switch (_stage.Rng.Below(4))
        {
            case 0:
                return block with { Transactions = [.. block.Transactions.Skip(1)] };
            case 1:
                return block with { Certificate = certificate with { Type = VoteType.Prepare } };
            case 2:
                IReadOnlyList<StoredBlock> blocks = _node.Ledger.Blocks;
                return block with { Transactions = (blocks[_stage.Rng.Below(blocks.Count)] ?? block).Transactions };
            default:
                DecidedMessage mutated = MutateDecided(new DecidedMessage(block.Header, certificate));
                return block with { Block = block.Block with { Header = mutated.Header }, Certificate = mutated.Certificate };
        }
    }

    /// <summary>An answer to a request for blocks as this node gives it: sometimes none, and a tip that nobody has.</summary>
    public BlockResponse Spoil(BlockResponse answer)
    {
        if (WithForged(answer) is { } forged)
            return forged;
        if (!Dares(FaultKind.LyingSync, 300))
            return answer;
        return _stage.Rng.Below(4) switch
        {
            0 => answer with { Blocks = [], TipHeight = answer.TipHeight + 1_000 },
            1 => answer with { Blocks = [.. answer.Blocks.Reverse()] },
            2 => answer with { First = answer.First + 1, Blocks = [.. answer.Blocks.Skip(1)] },
            _ => answer with { Blocks = [], TipHeight = 0 },
        };
    }

    /// <summary>Sends something else in the place of a proposal, if it is of a mind to.</summary>
    private bool SendOther(int to, ProposeMessage m)
    {
        if (m.IsFresh && Dares(FaultKind.InvalidProposal, 300))
        {
            Send(to, Resign(m, Invalid(m.Block)));
            return true;
        }
        if (m.IsFresh && Dares(FaultKind.GarbageSignature, 300) && WithGarbage(m.Block) is { } garbage)
        {
            Send(to, Resign(m, garbage));
            return true;
        }
        if (m.IsFresh && Dares(FaultKind.Equivocation, 700) && _node.Alternative(m.Block) is { } other)
        {
            Equivocate(m, other);
            return true;
        }
        return SendUnbound(to, m);
    }

    /// <summary>Another block than the prepared one, if it is of a mind to: some may have decided that.</summary>
    private bool SendUnbound(int to, ProposeMessage m)
    {
        if (m.Justification is not { Prepared: not null } j || _node.Alternative(m.Block) is not { } unbound
            || !Dares(FaultKind.DroppedPrepared, _stage.Scenario.IsAttack ? 1_000 : 700))
            return false;
        Send(to, Resign(m, unbound) with { Justification = Unbind(m, j) });
        VoteFor(m.Height, m.View, unbound.Hash);
        return true;
    }

    /// <summary>One proposal to some, another to the others, and votes for either to either.</summary>
    private void Equivocate(ProposeMessage m, ProposedBlock other)
    {
        ProposeMessage second = Resign(m, other);
        for (int peer = 0; peer < _stage.Scenario.Validators; peer++)
        {
            if (peer != _node.Index)
                Send(peer, _stage.Rng.Chance(500) ? m : second);
        }
        VoteFor(m.Height, m.View, m.Block.Hash);
        VoteFor(m.Height, m.View, other.Hash);
    }

    /// <summary>
    /// A justification that only a careless reader takes: without the certificate that its view changes name, for another block
    /// than the certificate's, from one author only, or with view changes that others never signed.
    /// </summary>
    private Justification Unbind(ProposeMessage m, Justification j)
    {
        ViewChangePayload own = ViewChange(m.Height, m.View, null).Payload;
        int quorum = j.ViewChanges.Count;
        return _stage.Rng.Below(4) switch
        {
            0 => j with { Prepared = null },
            1 => j,
            2 => new Justification([.. Enumerable.Repeat(own, quorum)], null),
            _ => new Justification([.. Enumerable.Range(0, quorum).Select(i => own with { Signer = (ushort)i })], null),
        };
    }

    private ProposeMessage Resign(ProposeMessage m, ProposedBlock block) => m with
    {
        Block = block,
        Signature = Sign(VoteType.Propose, m.Height, m.View, block.Hash),
    };

    /// <summary>A wrong root or parameters hash, or other leaves under the right header.</summary>
    private ProposedBlock Invalid(ProposedBlock block)
    {
        if (_stage.Rng.Chance(300))
            return block with { LeafHashes = [.. block.LeafHashes.Select(leaf => Sha256.Hash(leaf.Span))] };
        byte[] header = block.Header.ToBytes();
        // Some byte of the roots or the parameters hash, which stand at the end.
        header[^(1 + _stage.Rng.Below(3 * Digest.Size))] ^= 1;
        return block with { Header = BlockHeader.TryRead(header)! };
    }

    /// <summary>The same block with one body under a garbage signature; all its roots are right.</summary>
    private ProposedBlock? WithGarbage(ProposedBlock block)
    {
        if (_node.BodiesOf(block) is not { } bodies || block.Header.Height != _node.Ledger.Height + 1)
            return null;
        Transaction garbage = _stage.Chain.WithGarbageSignature(bodies[0].Transaction);
        VerifiedTransaction claimed = VerifiedTransaction.VerifyAll([garbage], new Gullible())[0]!;
        _garbage[garbage.LeafHash] = garbage.Envelope;
        ExecutedBlock? built = _node.Ledger.Build(
            [claimed, .. bodies.Skip(1)], _node.Index, block.Header.TimestampMs).Block;
        return built is null ? null : SimulatedLedger.BlockOf(built);
    }

    /// <summary>Takes every signature for valid.</summary>
    private sealed class Gullible : ISignatureVerifier
    {
        public void Verify(ReadOnlySpan<SignatureCheck> checks, Span<bool> results) => results.Fill(true);
    }
}
