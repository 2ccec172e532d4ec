using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Core.Verification;

namespace GovChain.Node.Auditing;

/// <summary>
/// Writes a ledger as lines of JSON (docs/SPEC.md, "Ledger export"): the genesis, each block's header and certificate, each
/// envelope, the end. Holds one line at a time. One thread at a time.
/// </summary>
internal sealed class LedgerExportWriter(Stream stream)
{
    /// <summary>The format's name and version.</summary>
    public const string Format = "govchain-ledger-1";

    private static readonly JsonWriterOptions Layout = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly ArrayBufferWriter<byte> _line = new(4096);

    /// <summary>Bytes written so far.</summary>
    public long Bytes { get; private set; }

    /// <summary>The first line. The file must be signed by all departments that its genesis names.</summary>
    public ValueTask WriteGenesisAsync(GenesisFile founded, CancellationToken cancellation) =>
        WriteLineAsync(json =>
        {
            json.WriteString("format", Format);
            json.WriteString("chainId", founded.Genesis.ChainId.ToString());
            json.WriteBase64String("genesisBody", founded.Genesis.Bytes.Span);
            json.WriteStartArray("signatures");
            foreach (FoundingSignature signature in founded.Signatures)
            {
                json.WriteStartObject();
                json.WriteString("department", signature.Department);
                json.WriteString("signature", signature.Signature.ToString());
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }, cancellation);

    /// <summary>A proven block, and its envelopes after it. Leaf 0 follows from the genesis and is not written.</summary>
    /// <exception cref="ArgumentException">The header cannot be read: the block is not proven.</exception>
    public async ValueTask WriteBlockAsync(RawBlock block, CancellationToken cancellation)
    {
        BlockHeader header = BlockHeader.TryRead(block.Header.Span)
            ?? throw new ArgumentException("Only proven blocks are exported.", nameof(block));
        IReadOnlyList<ReadOnlyMemory<byte>> envelopes = header.Height == 0 ? [] : block.Leaves;
        await WriteLineAsync(json =>
        {
            json.WriteNumber("height", header.Height);
            json.WriteBase64String("header", block.Header.Span);
            json.WriteBase64String("certificate", block.Certificate.Span);
            json.WriteNumber("transactions", envelopes.Count);
        }, cancellation);
        for (int i = 0; i < envelopes.Count; i++)
        {
            ulong position = header.LogSizeBefore + (ulong)i;
            ReadOnlyMemory<byte> envelope = envelopes[i];
            await WriteLineAsync(json =>
            {
                json.WriteNumber("position", position);
                json.WriteBase64String("envelope", envelope.Span);
            }, cancellation);
        }
    }

    /// <summary>The last line. Without it a reader takes the export for cut off.</summary>
    public ValueTask WriteEndAsync(BlockHeader tip, CancellationToken cancellation) =>
        WriteLineAsync(json =>
        {
            json.WriteBoolean("end", true);
            json.WriteNumber("height", tip.Height);
            json.WriteNumber("logSize", tip.LogSizeAfter);
            json.WriteString("blockHash", tip.Hash.ToString());
            json.WriteString("logRoot", tip.LogRoot.ToString());
            json.WriteString("stateRoot", tip.StateRoot.ToString());
        }, cancellation);

    private async ValueTask WriteLineAsync(Action<Utf8JsonWriter> members, CancellationToken cancellation)
    {
        _line.ResetWrittenCount();
        using (var json = new Utf8JsonWriter(_line, Layout))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }
        _line.GetSpan(1)[0] = (byte)'\n';
        _line.Advance(1);
        await stream.WriteAsync(_line.WrittenMemory, cancellation);
        Bytes += _line.WrittenCount;
    }
}
