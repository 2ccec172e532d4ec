using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Google.Protobuf;
using GovChain.Consensus;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Execution.Schemas;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using GovChain.Node.Consensus;
using GovChain.Node.Peers;
using GovChain.Node.Tls;
using GovChain.Protos.V1;
using GovChain.Storage;
using GovChain.Tests.Unit.Consensus;
using JournalCondition = GovChain.Storage.JournalCondition;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Tests.Fuzzing;

/// <summary>
/// All targets. What each must do with any bytes: give a typed failure, or something whose encoding is those bytes again; and
/// what checks it further must not throw either. Signatures all count as good, so that no input is stopped by one.
/// </summary>
internal static class Targets
{
    private static readonly Fixture Four = new(4);
    private static readonly GoodSignatures Good = new();
    private static readonly Digest TransactionChain = Vectors.ChainId;

    /// <summary>The schema of the vectors that uses most keywords.</summary>
    private static readonly Lazy<PayloadSchema> Licences = new(() => PayloadSchema.TryParse(FuzzSeeds.LicenceSchema(), out _)!);

    private static readonly Target[] All =
    [
        new("peer-frame", InputForm.Protobuf, FuzzSeeds.PeerFrames, PeerFrameOf),
        new("peer-session", InputForm.Protobuf, FuzzedSession.Seeds, FuzzedSession.Run, FuzzedSession.AllocatedAnyway),
        new("snapshot", InputForm.Protobuf, FuzzedSnapshot.Seeds, FuzzedSnapshot.Run, FuzzedSnapshot.AllocatedAnyway),
        new("consensus-message", InputForm.Binary, FuzzSeeds.Messages, Message),
        new("consensus-core", InputForm.Binary, () => FuzzedCore.Seeds(Four), input => FuzzedCore.Run(Four, Good, input)),
        new("evidence", InputForm.Binary, FuzzSeeds.EvidenceOfDoubleVotes, EvidenceOf),
        new("kept-justification", InputForm.Binary, FuzzSeeds.KeptJustifications, KeptJustificationOf),
        new("certificate", InputForm.Binary, FuzzSeeds.Certificates, CertificateOf),
        new("header", InputForm.Binary, FuzzSeeds.Headers, Header),
        new("envelope", InputForm.Protobuf, FuzzSeeds.Envelopes, Envelope),
        new("tls-statement", InputForm.Binary, FuzzSeeds.TlsStatements, TlsStatement),
        new("key-succession", InputForm.Binary, FuzzSeeds.KeySuccessions, Succession),
        new("key-file", InputForm.Binary, FuzzedKeyFile.Seeds, FuzzedKeyFile.Run),
        new("journal-record", InputForm.Binary, FuzzSeeds.JournalRecords, JournalRecordOf),
        new("journal-file", InputForm.Binary, FuzzSeeds.JournalFiles, JournalFile),
        new("genesis-body", InputForm.Protobuf, () => [Vectors.Hex("genesis", "body")], GenesisBodyOf),
        new("genesis-file", InputForm.Json, FuzzSeeds.GenesisFiles, GenesisFileOf),
        new("joining-file", InputForm.Json, FuzzSeeds.JoiningFiles, JoiningFileOf),
        new("read-token", InputForm.Binary, FuzzSeeds.ReadTokens, ReadTokenOf),
        new("reader-statement", InputForm.Binary, FuzzSeeds.ReaderStatements, ReaderStatementOf),
        new("read-log-entry", InputForm.Json, FuzzSeeds.ReadEntries, ReadEntryOf),
        new("receipt", InputForm.Json, FuzzSeeds.Receipts, ReceiptOf),
        new("payload", InputForm.Json, FuzzSeeds.Payloads, PayloadOf),
        new("payload-schema", InputForm.Json, FuzzSeeds.Schemas, SchemaOf),
        new("state-page", InputForm.Binary, FuzzSeeds.StatePages, StatePageOf),
        new("log-frontier", InputForm.Binary, FuzzSeeds.LogFrontiers, LogFrontierOf),
    ];

    /// <summary>Their names.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. All.Select(t => t.Name)];

    /// <summary>The target of a name, with its seeds: valid inputs, and what once failed.</summary>
    public static FuzzTarget Get(string name)
    {
        Target target = All.Single(t => t.Name == name);
        return new FuzzTarget(name, target.Form, [.. target.Seeds(), .. Corpus.Of(name)], target.Run, target.AllocatedAnyway);
    }

    /// <summary>What runs one input of a target. Called through the border between ordinary and traced assemblies.</summary>
    public static Func<byte[], bool> RunOf(string name) =>
        Planted.RunOf(name) ?? All.Single(t => t.Name == name).Run;

    private static bool PeerFrameOf(byte[] input)
    {
        if (WireFrame.TryRead(input) is not { } frame)
            return false;
        switch (frame.KindCase)
        {
            case PeerFrame.KindOneofCase.Consensus:
                return Message(frame.Consensus.ToByteArray());
            case PeerFrame.KindOneofCase.Gossip:
                try
                {
                    foreach (ReadOnlyMemory<byte> envelope in PeerSession.CheckGossip(frame.Gossip))
                        Envelope(envelope.ToArray());
                }
                catch (InvalidDataException)
                {
                    return false; // ends the stream
                }
                return true;
            case PeerFrame.KindOneofCase.SnapshotRequest:
                return SnapshotRules.IsWellFormed(frame.SnapshotRequest);
            case PeerFrame.KindOneofCase.SnapshotResponse:
                return SnapshotRules.ReadHeld(frame.SnapshotResponse).Count <= frame.SnapshotResponse.Held.Length / sizeof(ulong);
            case PeerFrame.KindOneofCase.BlockResponse:
                BlockRangeResponse answer = frame.BlockResponse;
                FetchedBlock[] blocks = [.. answer.Blocks.Select(b => new FetchedBlock(
                    b.Header.Memory, b.Certificate.Memory, [.. b.Envelopes.Select(e => e.Memory)]))];
                new CatchUp(Fixture.ChainId, Four.Keys.Set, Good).Believe(answer.FirstHeight, blocks, out string? lie);
                foreach (SyncedBlock block in answer.Blocks)
                {
                    foreach (ByteString envelope in block.Envelopes)
                        Envelope(envelope.ToByteArray());
                }
                return lie is null;
            default:
                return frame.KindCase != PeerFrame.KindOneofCase.None;
        }
    }

    private static bool Message(byte[] input)
    {
        if (ConsensusMessageCodec.TryDecode(input, out ConsensusMessage? message) != DecodeFailure.None)
            return false;
        Same(input, ConsensusMessageCodec.Encode(message!));
        var verifier = new MessageVerifier(Four.Config(0), Good);
        for (int from = -1; from <= Four.Count; from++)
            verifier.Verify(from, message!, 0, out _);
        return true;
    }

    private static bool EvidenceOf(byte[] input)
    {
        if (Evidence.TryRead(input) is not { } evidence)
            return false;
        Same(input, evidence.ToBytes());
        EvidenceVerifier.Verify(evidence, Fixture.ChainId, Four.Keys.Set, Good);
        return true;
    }

    private static bool KeptJustificationOf(byte[] input)
    {
        if (ConsensusMessageCodec.TryDecodeKept(input) is not { } kept)
            return false;
        Same(input, ConsensusMessageCodec.Encode(kept));
        return true;
    }

    private static bool CertificateOf(byte[] input)
    {
        if (Certificate.TryRead(input) is not { } certificate)
            return false;
        Same(input, certificate.ToBytes());
        CertificateVerifier.Verify(Four.Block().Header, certificate, Four.Keys.Set, Good);
        CertificateVerifier.VerifyPrepared(certificate, Fixture.ChainId, 0, 1, Four.Keys.Set, Good);
        for (int i = 0; i < Four.Count; i++)
            FindSigner.In(certificate, i);
        return true;
    }

    private static bool Header(byte[] input)
    {
        if (BlockHeader.TryRead(input) is not { } header)
            return false;
        Same(input, header.ToBytes());
        CertificateVerifier.Verify(header, Four.Certificate(VoteType.Commit, Four.Block()), Four.Keys.Set, Good);
        return true;
    }

    private static bool Envelope(byte[] input)
    {
        // What the wire profile lets pass, every parser must read and write the same.
        if (WireProfile.Check<SignedTransaction>(input, Limits.EnvelopeBytesMax) is null)
        {
            SignedTransaction signed = SignedTransaction.Parser.ParseFrom(input);
            Same(input, signed.ToByteArray());
            byte[] body = signed.Body.ToByteArray();
            if (WireProfile.Check<TransactionBody>(body, Limits.EnvelopeBytesMax) is null)
                Same(body, TransactionBody.Parser.ParseFrom(body).ToByteArray());
        }
        Transaction? transaction = TransactionDecoder.TryDecode(input, TransactionChain, out Rejection? rejection);
        if (transaction is null == rejection is null)
            throw new PropertyBrokenException("An envelope is a transaction or rejected with a reason, never both or neither.");
        return transaction is not null;
    }

    private static bool TlsStatement(byte[] input)
    {
        if (TlsBinding.TryDecode(input) is not { } statement)
            return false;
        X509Extension again = statement.ToExtension();
        Same(input, again.RawData);
        return true;
    }

    private static bool Succession(byte[] input)
    {
        if (KeySuccession.TryDecode(input) is not { } succession)
            return false;
        Same(input, succession.ToExtension().RawData);
        return true;
    }

    private static bool JournalRecordOf(byte[] input)
    {
        if (JournalFrame.TryDecode(input) is not { } frame || JournalCodec.TryDecode(frame.Record.Span) is not { } record)
            return false;
        Same(frame.Record.ToArray(), JournalCodec.Encode(record));
        return true;
    }

    private static bool JournalFile(byte[] input)
    {
        try
        {
            JournalScan scan = JournalFormat.Scan("votes", input, TransactionChain);
            if (scan.ValidLength > input.Length)
                throw new PropertyBrokenException("More bytes are said to be valid than there are.");
            return scan.Condition == JournalCondition.Clean;
        }
        catch (StorageException)
        {
            return false; // another format or another ledger
        }
    }

    private static bool GenesisBodyOf(byte[] input)
    {
        Genesis? genesis = Genesis.TryDecode(input, out GenesisFailure? failure);
        if (genesis is null == failure is null)
            throw new PropertyBrokenException("A body is a genesis or refused with a reason, never both or neither.");
        if (genesis is null)
            return false;
        Same(input, genesis.Body.ToByteArray());
        return true;
    }

    private static bool GenesisFileOf(byte[] input)
    {
        GenesisFile? file = GenesisFile.TryRead(input, out GenesisFailure? failure);
        if (file is null == failure is null)
            throw new PropertyBrokenException("A file is a genesis or refused with a reason, never both or neither.");
        if (file is null)
            return false;
        Same(input, file.ToBytes());
        file.Verify(Good);
        return true;
    }

    private static bool JoiningFileOf(byte[] input)
    {
        JoiningFile? file = JoiningFile.TryRead(input, out JoiningFailure? failure);
        if (file is null == failure is null)
            throw new PropertyBrokenException("A joining file is read or refused with a reason, never both or neither.");
        if (file is null)
            return false;
        Same(input, file.ToBytes());
        file.Verify(Good);
        return true;
    }

    private static bool ReadTokenOf(byte[] input)
    {
        var token = ReadToken.TryRead(input);
        if (token is null)
            return false;
        Same(input, token.ToBytes());
        Same(input, ReadToken.TryParse(token.ToString())!.ToBytes());
        token.Check("alpha", token.IssuedAtMs);
        return true;
    }

    private static bool ReaderStatementOf(byte[] input)
    {
        if (ReaderStatement.TryReadExtension(input) is not { } statement)
            return false;
        Same(input, statement.ToExtension());
        statement.Check(statement.FromMs);
        statement.CheckFor(input);
        return true;
    }

    private static bool ReadEntryOf(byte[] input)
    {
        var entry = ReadEntry.TryRead(input);
        byte[] line = [.. Encoding.ASCII.GetBytes($"{default(Digest)} "), .. input];
        if (ReadChain.TryRead(line)?.Entry != entry)
            throw new PropertyBrokenException("A line has the entry that stands in it.");
        if (entry is null)
            return false;
        Same(input, entry.ToJson());
        return true;
    }

    private static bool ReceiptOf(byte[] input)
    {
        ProvenTransaction? proven = ReceiptVerifier.Verify(input, Vectors.ReceiptGenesis, Good, out ReceiptFailure? failure);
        if (proven is null == failure is null)
            throw new PropertyBrokenException("A receipt proves or fails with a reason, never both or neither.");
        return proven is not null;
    }

    private static bool PayloadOf(byte[] input)
    {
        JsonValue? value = JsonReader.TryRead(input, out string? problem);
        if (value is null == problem is null)
            throw new PropertyBrokenException("A payload is JSON or refused with a reason, never both or neither.");
        if (value is null)
            return false;
        if (!IsJson(input))
            throw new PropertyBrokenException("The ledger reads what no other reader of JSON does.");
        if (Licences.Value.Check(PayloadSchema.MediaType, input) is { } violation)
            Bounded(violation);
        return true;
    }

    private static bool SchemaOf(byte[] input)
    {
        PayloadSchema? schema = PayloadSchema.TryParse(input, out SchemaViolation? violation);
        if (schema is null == violation is null)
            throw new PropertyBrokenException("A schema is one or refused with a reason, never both or neither.");
        if (violation is { } refused)
            Bounded(refused);
        if (schema is null)
            return false;
        // A schema is JSON itself, of any shape: the payload at hand.
        if (schema.Check(PayloadSchema.MediaType, input) is { } misfit)
            Bounded(misfit);
        return true;
    }

    private static bool IsJson(byte[] input)
    {
        try
        {
            using var document = JsonDocument.Parse(input, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = Limits.JsonDepthMax });
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static void Bounded(SchemaViolation violation)
    {
        if (violation.ToString().Length > 700)
            throw new PropertyBrokenException($"A violation of {violation.ToString().Length} characters: {violation}");
    }

    private static bool StatePageOf(byte[] input)
    {
        // A prefix chosen by the input: its first byte says how deep the page lies, the next are the prefix.
        int length = input.Length > 0 ? Math.Min(input[0] % 32, input.Length - 1) : 0;
        if (!StatePageId.TryParseKey([(byte)length, .. input.AsSpan(Math.Min(1, input.Length), length)], out StatePageId id))
            throw new PropertyBrokenException("A key of the right length is the key of a page.");
        byte[] encoded = input[Math.Min(input.Length, 1 + length)..];
        var page = new StatePage();
        if (page.Decode(id, encoded) != StatePageFailure.None)
            return false;
        Same(encoded, page.Encode());
        return true;
    }

    private static bool LogFrontierOf(byte[] input)
    {
        if (LogFrontier.TryDecode(input, out LogFrontier frontier) != LogFrontierFailure.None)
            return false;
        Same(input, frontier.Encode());
        return true;
    }

    private static void Same(ReadOnlySpan<byte> input, ReadOnlySpan<byte> encoded)
    {
        if (!input.SequenceEqual(encoded))
        {
            throw new PropertyBrokenException(
                $"Decoded and encoded again it is another input: {Convert.ToHexStringLower(encoded)}");
        }
    }

    private sealed record Target(
        string Name, InputForm Form, Func<IEnumerable<byte[]>> Seeds, Func<byte[], bool> Run, long AllocatedAnyway = FuzzTarget.AllocatedByDecoders);

    private sealed class GoodSignatures : ISignatureVerifier
    {
        public void Verify(ReadOnlySpan<SignatureCheck> checks, Span<bool> results) => results.Fill(true);
    }
}
