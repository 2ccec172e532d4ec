using System.Buffers;
using System.Text;
using Google.Protobuf;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Node.Consensus;
using GovChain.Node.Tls;
using GovChain.Protos.V1;
using GovChain.Storage;
using GovChain.Tests.Unit.Consensus;
using JournalRecord = GovChain.Consensus.JournalRecord;

namespace GovChain.Tests.Fuzzing;

/// <summary>Valid inputs of each target: from <c>docs/vectors</c>, or built where those have none.</summary>
internal static class FuzzSeeds
{
    private static readonly Fixture Four = new(4);

    public static IEnumerable<byte[]> Messages()
    {
        ProposedBlock block = Four.Block();
        Certificate prepared = Four.Certificate(VoteType.Prepare, block);
        var decided = new DecidedMessage(block.Header, Four.Certificate(VoteType.Commit, block));
        ConsensusMessage[] messages =
        [
            Four.Propose(block, 0, 0),
            Four.Propose(block, 1, 1, Four.Justification(1)),
            Four.Propose(block, 1, 1, Four.Justification(1, prepared)),
            Four.Vote(VoteType.Prepare, block.Hash, 3),
            Four.Vote(VoteType.Commit, block.Hash, 3, 7),
            Four.ViewChange(2, 1),
            Four.ViewChange(2, 1, prepared),
            decided,
            new StatusMessage(3, null),
            new StatusMessage(3, decided),
            new ProposalRequest(5, block.Hash),
            new ProposalResponse(block),
            new RecallRequest(9, 3),
            new RecallResponse(4, null),
            new RecallResponse(4, FindSigner.In(prepared, 2)),
            new RecallResponse(4, null, decided),
            new StatusMessage(3, decided, new Abstention(AbstainReason.LedgerRestored, 9)),
            .. EvidenceOfDoubleVotes().Select(e => new EvidenceMessage(Evidence.TryRead(e)!)),
        ];
        return messages.Select(ConsensusMessageCodec.Encode);
    }

    public static IEnumerable<byte[]> EvidenceOfDoubleVotes()
    {
        PublicKey signer = Four.Keys.Set[2].Key;
        Certificate one = Four.Certificate(VoteType.Commit, Four.Block());
        Certificate other = Four.Certificate(VoteType.Commit, Four.Block(salt: 1));
        yield return Evidence.Of(Fixture.ChainId, signer, FindSigner.In(one, 2)!.Value, FindSigner.In(other, 2)!.Value)!.ToBytes();
        ViewChangePayload change = Four.ViewChange(2, 1).Payload;
        yield return Evidence.Of(Fixture.ChainId, signer, FindSigner.In(one, 2)!.Value, new SignedVote(
            VoteType.ViewChange, 0, 1, 1, change.PreparedHash, change.PreparedView, change.Signature))!.ToBytes();
    }

    public static IEnumerable<byte[]> KeptJustifications()
    {
        ProposedBlock block = Four.Block();
        Certificate prepared = Four.Certificate(VoteType.Prepare, block);
        foreach (Justification reason in new[] { Four.Justification(1), Four.Justification(1, prepared) })
        {
            yield return ConsensusMessageCodec.Encode(
                new KeptJustification(Fixture.ChainId, 0, 1, 1, block.Hash, reason));
        }
    }

    public static IEnumerable<byte[]> Certificates()
    {
        yield return Vectors.Hex("certificate", "encoding");
        yield return Four.Certificate(VoteType.Commit, Four.Block()).ToBytes();
        yield return Four.Certificate(VoteType.Prepare, Four.Block()).ToBytes();
    }

    public static IEnumerable<byte[]> Headers()
    {
        yield return Vectors.Hex("header", "encoding");
        yield return Vectors.Hex("genesis", "header");
        yield return Four.Block().Header.ToBytes();
    }

    public static IEnumerable<byte[]> Envelopes() =>
        [.. Vectors.HexOfEach("transaction", "transactions", "envelope"), .. Vectors.HexOfEach("refused", "envelopes", "envelope")];

    public static IEnumerable<byte[]> PeerFrames()
    {
        PeerFrame[] frames =
        [
            new()
            {
                Hello = new PeerHello
                {
                    ProtocolVersion = 1, ChainId = Bytes(Fixture.ChainId), Department = "alpha", SoftwareVersion = "0.1",
                },
            },
            .. Messages().Select(m => new PeerFrame { Consensus = ByteString.CopyFrom(m) }),
            new() { Gossip = new TransactionGossip { Envelopes = { Envelopes().Take(2).Select(e => ByteString.CopyFrom(e)) } } },
            new() { EnvelopeRequest = new EnvelopeRequest { Height = 1, LeafHashes = Bytes(Fixture.ChainId), RequestId = 1 } },
            new()
            {
                EnvelopeResponse = new EnvelopeResponse
                {
                    Height = 1, RequestId = 1, Envelopes = { Envelopes().Take(2).Select(e => ByteString.CopyFrom(e)) },
                },
            },
            new() { BlockRequest = new BlockRangeRequest { FirstHeight = 1, Count = 64, RequestId = 2 } },
            new() { BlockResponse = Range() },
            new() { SnapshotRequest = new SnapshotRequest { Height = 64, RequestId = 4, Head = new SnapshotHeadWanted { FromEpoch = 1 } } },
            new()
            {
                SnapshotRequest = new SnapshotRequest
                {
                    Height = 64, RequestId = 5, Pages = new StatePagesWanted { Keys = { ByteString.CopyFrom(0), ByteString.CopyFrom(1, 7) } },
                },
            },
            new()
            {
                SnapshotResponse = new SnapshotResponse
                {
                    Height = 64, RequestId = 4,
                    Head = new SnapshotHead
                    {
                        Header = ByteString.CopyFrom(1), StateRows = 7,
                        Epochs = { new SnapshotEpoch { Header = ByteString.CopyFrom(2), Department = "a", NewKey = ByteString.CopyFrom(3) } },
                    },
                },
            },
            new()
            {
                SnapshotResponse = new SnapshotResponse
                {
                    Height = 64, RequestId = 5, Held = ByteString.CopyFrom(0, 0, 0, 0, 0, 0, 0, 64),
                    Rows = { new StateRow { Key = ByteString.CopyFrom(6, 65), Value = ByteString.CopyFrom(1) } }, LastRows = true,
                },
            },
        ];
        return frames.Select(f => f.ToByteArray());
    }

    public static IEnumerable<byte[]> TlsStatements()
    {
        Signature signature = Four.Vote(VoteType.Commit, Fixture.ChainId, 1).Signature;
        foreach (string department in new[] { "a", "land-registry" })
            yield return new TlsBinding(department, Fixture.ChainId, Four.Keys.Set[1].Key, signature).ToExtension().RawData;
    }

    public static IEnumerable<byte[]> KeySuccessions()
    {
        ProposedBlock block = Four.Block();
        yield return new KeySuccession(new Core.Verification.CertifiedBlock(block.Header, Four.Certificate(VoteType.Commit, block))).ToExtension().RawData;
    }

    public static IEnumerable<byte[]> JournalRecords()
    {
        ProposedBlock block = Four.Block();
        Certificate prepared = Four.Certificate(VoteType.Prepare, block);
        JournalRecord[] records =
        [
            new AcceptedRecord(Four.Propose(block, 0, 0), Four.Vote(VoteType.Prepare, block.Hash, 1)),
            new PreparedRecord(prepared, Four.Vote(VoteType.Commit, block.Hash, 1)),
            new PromisedRecord(Four.ViewChange(1, 1, prepared)),
            new StoredMark(5, block.Hash),
            new StoredMark(5, block.Hash, new Abstention(AbstainReason.Amnesia, 9)),
            new RecallRecord(5, IsOver: true),
        ];
        foreach (JournalRecord record in records)
            yield return JournalFrame.Encode(JournalCodec.Encode(record));
        byte[] named = JournalFrame.Encode(JournalCodec.Encode(records[0]), 1, []);
        yield return named;
        byte[] envelope = Envelopes().First();
        yield return [.. named[..^1], 1, 0, 0, (byte)(envelope.Length >> 8), (byte)envelope.Length, .. envelope];
    }

    public static IEnumerable<byte[]> JournalFiles()
    {
        const ulong salt = 7;
        byte[] header = JournalFormat.Header(Vectors.ChainId, 1, salt);
        yield return header;
        byte[] one = Group([[1, 2, 3]], 1);
        yield return [.. header, .. one];
        yield return [.. header, .. one, .. Group([[4], []], 2)];

        static byte[] Group(byte[][] payloads, ulong first)
        {
            var staged = new ArrayBufferWriter<byte>();
            staged.Write(new byte[JournalFormat.GroupPrefixSize]);
            foreach (byte[] payload in payloads)
                staged.Write((byte[])[0, 0, 0, (byte)payload.Length, .. payload]);
            int length = staged.WrittenCount;
            return JournalFormat.Seal(staged, first, (uint)payloads.Length, salt)[..length];
        }
    }

    public static IEnumerable<byte[]> GenesisFiles() => [Encoding.ASCII.GetBytes(Vectors.Text("genesis", "file"))];

    public static IEnumerable<byte[]> JoiningFiles() => [Encoding.ASCII.GetBytes(Vectors.Text("joining", "file"))];

    public static IEnumerable<byte[]> ReadTokens() => Vectors.HexOfEach("read-token", "tokens", "token");

    public static IEnumerable<byte[]> ReaderStatements() => Vectors.HexOfEach("reader-statement", "statements", "extension");

    public static IEnumerable<byte[]> ReadEntries() =>
    [
        new ReadEntry
        {
            Number = 7, TimeMs = 1_800_000_000_000, Listener = "clients", Department = "alpha", OfficerId = "4711", Key = "02", Token = "ff",
            TokenEndsMs = 1_800_000_030_000, Method = "ListRecords", Type = "permit", Record = "A", Last = "Z", Answer = "GIVEN",
        }.ToJson(),
        new ReadEntry { Number = 1, Listener = "clients", Method = "GetRecord", Type = "permit", Answer = "TOKEN_REQUIRED", Unwritten = 30 }.ToJson(),
    ];

    public static IEnumerable<byte[]> Receipts() =>
        Vectors.TextOfEach("receipt", "receipts", "file").Select(Encoding.UTF8.GetBytes);

    public static IEnumerable<byte[]> Schemas() =>
        Vectors.TextOfEach("schemas", "schemas", "schema").Concat(Vectors.TextOfEach("schemas", "refused", "schema")).Select(Encoding.UTF8.GetBytes);

    public static byte[] LicenceSchema() => Encoding.UTF8.GetBytes(Vectors.TextOfEach("schemas", "schemas", "schema").Last());

    public static IEnumerable<byte[]> Payloads() =>
    [
        .. Vectors.HexOfEach("schemas", "bytes", "payload"),
        """{"a":[1,-2.5e-3,true,null,"x\u00e9\ud83d\ude00\n"],"name":"x","issued":"2026-01-31","premises":[{"town":"Ulm"}],"b":{"a":{}}}"""u8.ToArray(),
    ];

    public static IEnumerable<byte[]> StatePages()
    {
        foreach (int leaves in new[] { 1, 2, 7, 40 })
        {
            var page = new StatePage();
            page.Clear(StatePageId.Root);
            for (int i = 0; i < leaves; i++)
            {
                Digest key = Sha256.Hash([(byte)i]);
                int level = 0;
                while (page.Kind(StatePage.Place(key.Span[0], level)) == StateNodeKind.Inner)
                    level++;
                int place = StatePage.Place(key.Span[0], level);
                while (page.Kind(place) == StateNodeKind.Leaf && level < StatePage.Levels)
                {
                    page.Open(place, level++);
                    place = StatePage.Place(key.Span[0], level);
                }
                if (page.Kind(place) == StateNodeKind.Empty)
                    page.SetLeaf(place, key, Sha256.Hash([1, (byte)i]));
            }
            yield return [0, .. page.Encode()];
        }
    }

    public static IEnumerable<byte[]> LogFrontiers()
    {
        LogFrontier frontier = LogFrontier.Empty;
        for (int i = 0; i < 8; i++)
        {
            yield return frontier.Encode();
            frontier = frontier.Append(Sha256.Hash([(byte)i]));
        }
    }

    private static BlockRangeResponse Range()
    {
        ProposedBlock first = Four.Block();
        ProposedBlock second = Four.Block(parent: first.Header);
        var answer = new BlockRangeResponse { FirstHeight = 1, TipHeight = 2, RequestId = 3 };
        foreach (ProposedBlock block in new[] { first, second })
        {
            answer.Blocks.Add(new SyncedBlock
            {
                Header = ByteString.CopyFrom(block.Header.ToBytes()),
                Certificate = ByteString.CopyFrom(Four.Certificate(VoteType.Commit, block).ToBytes()),
                Envelopes = { ByteString.CopyFrom(Envelopes().First()) },
            });
        }
        return answer;
    }

    private static ByteString Bytes(Digest digest) => ByteString.CopyFrom(digest.Span);
}
