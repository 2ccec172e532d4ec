using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;

namespace GovChain.Tests.Simulation;

/// <content>Blocks by name, and the messages of hostile validators, signed with their own keys.</content>
internal sealed partial class ScriptedRun
{
    private SimulatedLedger HighestLedger => Processes.MaxBy(n => n.Ledger.Height)!.Ledger;

    /// <summary>NAME = admission of NODE | removal of NODE | new-key of NODE | proposal of NODE | block of T1,T2 by NODE [at MS] [with FLAW].</summary>
    private void Name(WordReader words)
    {
        string name = words.Next();
        words.Expect("=");
        if (words.Peek is "admission" or "removal" or "new-key")
        {
            NameChange(name, words);
            return;
        }
        if (words.Take("proposal"))
        {
            words.Expect("of");
            SimulatedNode node = Node(words.Next());
            ProposeMessage proposal = _sent.Where(s => s.From == node).Select(s => s.Message).OfType<ProposeMessage>()
                .LastOrDefault() ?? throw new TranscriptException($"node {NameOf(node)} has proposed nothing");
            _blocks[name] = proposal.Block;
            return;
        }
        words.Expect("block", "of");
        VerifiedTransaction[] transactions = [.. words.List().Select(t => Verified(_transactions[t]))];
        words.Expect("by");
        int proposer = Node(words.Next()).Index;
        long atMs = words.Take("at") ? words.Number() : 0;
        string flaw = words.Take("with") ? words.Next() : "";
        ExecutedBlock built = HighestLedger.Build(transactions, proposer, UtcMs, bounded: flaw != "too-many").Block
            ?? throw new TranscriptException("no such block can be built");
        var block = new ProposedBlock(WithTime(built.Header, atMs), SimulatedLedger.BlockOf(built).LeafHashes);
        _blocks[name] = flaw.Length > 0 ? Flawed(block, flaw) : block;
    }

    private void NameChange(string name, WordReader words)
    {
        MembershipKind kind = words.Next() switch
        {
            "admission" => MembershipKind.Admit,
            "removal" => MembershipKind.Remove,
            _ => MembershipKind.ReplaceKey,
        };
        words.Expect("of");
        Transaction change = new MembershipMaker(Chain, Keys, Scenario.Founders, HighestLedger.History)
            .Make(kind, Node(words.Next()).Index, UtcMs);
        _transactions.Add(name, change);
        Invariants.Submitted[change.Id] = Fate.Commits;
    }

    private VerifiedTransaction Verified(Transaction transaction) =>
        VerifiedTransaction.VerifyAll([transaction], Keys)[0]!;

    private BlockHeader WithTime(BlockHeader header, long byMs)
    {
        if (byMs == 0)
            return header;
        // The time stands before the proposer, the two sizes and three roots.
        byte[] bytes = header.ToBytes();
        var time = bytes.AsSpan(bytes.Length - 3 * Digest.Size - 2 * sizeof(ulong) - sizeof(ushort) - sizeof(ulong));
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(time, (ulong)((long)header.TimestampMs + byMs));
        BlockHeader moved = BlockHeader.TryRead(bytes)!;
        return moved.TimestampMs == (ulong)((long)header.TimestampMs + byMs) && moved.LogRoot == header.LogRoot
            ? moved
            : throw new TranscriptException("the header's layout is not the one known here");
    }

    private ProposedBlock Flawed(ProposedBlock block, string flaw)
    {
        byte[] header = block.Header.ToBytes();
        switch (flaw)
        {
            case "wrong-state":
                header[^(Digest.Size + 1)] ^= 1;
                break;
            case "wrong-parameters":
                header[^1] ^= 1;
                break;
            case "too-many": // whole, but for the bound that it was built under
                HighestLedger.View.Tip.ParametersHash.Span.CopyTo(header.AsSpan(^Digest.Size));
                break;
            default:
                throw new TranscriptException($"no block is flawed by '{flaw}'");
        }
        return block with { Header = BlockHeader.TryRead(header)! };
    }

    /// <summary>
    /// NODE propose BLOCK view V [with NODES [unbound]] to NODES · NODE prepare|commit BLOCK view V [height H] [epoch E]
    /// [as SIGNER] [by-new-key] to NODES · NODE view-change view V [height H] [prepared BLOCK view V] [as SIGNER] to NODES · NODE
    /// garbage to NODES.
    /// </summary>
    private void Forge(WordReader words)
    {
        SimulatedNode node = Node(words.Next());
        string kind = words.Next();
        Frame frame = kind switch
        {
            "propose" => Frame(ForgeProposal(node, words)),
            "prepare" => Frame(ForgeVote(node, VoteType.Prepare, words)),
            "commit" => Frame(ForgeVote(node, VoteType.Commit, words)),
            "view-change" => Frame(ForgeViewChange(node, words)),
            "decided" => Frame(ForgeDecided(words)),
            "status" => Frame(new StatusMessage(0, ForgeDecided(words))),
            "blocks" => ForgeBlocks(node, words),
            "garbage" => new ConsensusFrame([1, 3, .. Rng.Next() is var r ? BitConverter.GetBytes(r) : []]),
            _ => throw new TranscriptException($"no '{kind}' can be forged"),
        };
        words.Expect("to");
        foreach (SimulatedNode target in NodesIn(words))
        {
            if (target.Index != node.Index)
                Send(node, target.Index, frame is BlockResponse b ? b with { Id = _asked.GetValueOrDefault((target, node.Index)) } : frame);
        }
    }

    private ProposeMessage ForgeProposal(SimulatedNode node, WordReader words)
    {
        ProposedBlock block = Block(words.Next());
        words.Expect("view");
        uint view = (uint)words.Number();
        Justification? justification = null;
        if (words.Take("with"))
        {
            ulong height = block.Header.Height;
            List<ViewChangeMessage> changes = [];
            foreach (int signer in words.List().Select(int.Parse).Order())
            {
                changes.Add(_sent.Select(s => s.Message).OfType<ViewChangeMessage>().LastOrDefault(
                    m => m.Payload.Signer == signer && m.View == view && m.Height == height)
                    ?? throw new TranscriptException($"{signer} has not asked for view {view}"));
            }
            justification = JustificationRules.Build(changes, Keys.Set.QuorumSize);
            if (words.Take("unbound") && justification is not null)
                justification = justification with { Prepared = null };
        }
        Signature signature = Sign(node, new Vote(VoteType.Propose, Chain.ChainId, block.Header.Epoch, block.Header.Height, view, block.Hash));
        return new ProposeMessage(view, (ushort)node.Index, signature, block, justification);
    }

    private VoteMessage ForgeVote(SimulatedNode node, VoteType type, WordReader words)
    {
        ProposedBlock block = Block(words.Next());
        words.Expect("view");
        uint view = (uint)words.Number();
        ulong height = words.Take("height") ? (ulong)words.Number() : block.Header.Height;
        ulong epoch = words.Take("epoch") ? (ulong)words.Number() : block.Header.Epoch;
        Digest chain = words.Take("other-chain") ? Sha256.Hash("other"u8) : Chain.ChainId;
        int signer = words.Take("as") ? words.Number() : node.Index;
        bool newKey = words.Take("by-new-key");
        var vote = new Vote(type, chain, epoch, height, view, block.Hash);
        Signature signature = newKey ? Keys.SignAsReplacement(node.Index, vote.SigningDigest()) : Sign(node, vote);
        return new VoteMessage(type, epoch, height, view, block.Hash, (ushort)signer, signature);
    }

    private ViewChangeMessage ForgeViewChange(SimulatedNode node, WordReader words)
    {
        words.Expect("view");
        uint view = (uint)words.Number();
        ulong height = words.Take("height") ? (ulong)words.Number() : HighestLedger.Height + 1;
        Certificate? prepared = null;
        if (words.Take("prepared"))
        {
            ProposedBlock block = Block(words.Next());
            words.Expect("view");
            prepared = CertificateOf(VoteType.Prepare, block, (uint)words.Number());
            if (words.Take("damaged"))
            {
                Signature first = prepared.Signatures[0].Signature;
                prepared = prepared with { Signatures = [.. prepared.Signatures.Select(v => v with { Signature = first })] };
            }
        }
        int signer = words.Take("as") ? words.Number() : node.Index;
        var payload = new ViewChangePayload(
            (ushort)signer, prepared?.View ?? -1L, prepared?.BlockHash ?? Digest.Zero, default);
        Vote vote = new(VoteType.ViewChange, Chain.ChainId, 0, height, view, payload.PreparedHash, payload.PreparedView);
        return new ViewChangeMessage(0, height, view, payload with { Signature = Sign(node, vote) }, prepared);
    }

    /// <summary>BLOCK view V [of-prepares [relabelled]]: from the votes that were really sent.</summary>
    private DecidedMessage ForgeDecided(WordReader words)
    {
        ProposedBlock block = Block(words.Next());
        words.Expect("view");
        uint view = (uint)words.Number();
        VoteType type = words.Take("of-prepares") ? VoteType.Prepare : VoteType.Commit;
        Certificate certificate = CertificateOf(type, block, view);
        if (words.Take("relabelled"))
            certificate = certificate with { Type = VoteType.Commit };
        return new DecidedMessage(block.Header, certificate);
    }

    /// <summary>from HEIGHT with forged-certificate | other-transactions | nothing | lowered-height: an answer to a request for blocks.
    /// </summary>
    private BlockResponse ForgeBlocks(SimulatedNode node, WordReader words)
    {
        words.Expect("from");
        ulong first = (ulong)words.Number();
        words.Expect("with");
        string flaw = words.Next();
        if (flaw is "nothing" or "lowered-height")
            return new BlockResponse(first, [], flaw == "nothing" ? HighestLedger.Height : first - 1, 0, 0);
        StoredBlock block = HighestLedger.Blocks[(int)first];
        Certificate certificate = block.Certificate!;
        ReadOnlyMemory<byte>[] envelopes = [.. block.Transactions.Select(t => t.Transaction.Envelope)];
        switch (flaw)
        {
            case "forged-certificate": // in everybody's name, by the hostile one's key
                Signature own = Sign(node, certificate.VoteOn(Chain.ChainId));
                certificate = certificate with { Signatures = [.. certificate.Signatures.Select(s => s with { Signature = own })] };
                break;
            case "other-transactions":
                envelopes = [Chain.Define(0, UtcMs, "other", 0).Envelope];
                break;
            default:
                throw new TranscriptException($"no answer is flawed by '{flaw}'");
        }
        return new BlockResponse(first, [new FetchedBlock(block.Header.ToBytes(), certificate.ToBytes(), envelopes)], HighestLedger.Height, 0, 0);
    }

    /// <summary>A certificate of votes that have been sent; the first few of them as often as it takes.</summary>
    private Certificate CertificateOf(VoteType type, ProposedBlock block, uint view)
    {
        List<ValidatorSignature> signatures = [.. _sent.Select(s => s.Message).OfType<VoteMessage>()
            .Where(v => v.Type == type && v.View == view && v.BlockHash == block.Hash)
            .DistinctBy(v => v.Signer).OrderBy(v => v.Signer).Take(HighestLedger.History.At(block.Header.Height).QuorumSize)
            .Select(v => new ValidatorSignature(v.Signer, v.Signature))];
        if (signatures.Count == 0)
            throw new TranscriptException($"nobody has sent a {type} of that block in view {view}");
        return new Certificate(type, block.Header.Epoch, block.Header.Height, view, block.Hash, signatures);
    }

    /// <summary>KIND from NODE to NODES: the newest such message arrives once more.</summary>
    private void Replay(WordReader words)
    {
        string kind = words.Next();
        words.Expect("from");
        SimulatedNode from = Node(words.Next());
        words.Expect("to");
        ConsensusMessage message = _sent.LastOrDefault(
            s => s.From == from && MessageChart.TypeOf(s.Message) == kind).Message
            ?? throw new TranscriptException($"node {NameOf(from)} has sent no {kind}");
        foreach (SimulatedNode target in NodesIn(words))
        {
            if (target.Index != from.Index)
                _pending.Add((from, target.Index, Frame(message)));
        }
    }

    private Signature Sign(SimulatedNode node, Vote vote) => Keys.Sign(node.Index, vote.SigningDigest());
}
