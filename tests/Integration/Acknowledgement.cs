using System.Security.Cryptography;
using System.Text.Json;
using GovChain.Client.Import;

namespace GovChain.Tests.Integration;

/// <summary>What a client was told is on the ledger.</summary>
/// <param name="TransactionId">In hexadecimal.</param>
/// <param name="Height">Of its block.</param>
/// <param name="Position">In the log.</param>
/// <param name="Type">Of the record.</param>
/// <param name="Record">The record's id.</param>
/// <param name="Version">The version it made.</param>
/// <param name="Content">SHA-256 of its content, in hexadecimal; an annulment has none.</param>
internal sealed record Acknowledgement(
    string TransactionId, ulong Height, ulong Position, string Type, string Record, ulong Version, string Content)
{
    public static Acknowledgement Of(string type, ImportAcknowledgement told) => new(
        told.Envelope.Id.ToString(), told.Height, told.Position, type, told.Event.RecordId, told.Version,
        DigestOf(told.Event.Payload.Span));

    public static string DigestOf(ReadOnlySpan<byte> content) => Convert.ToHexStringLower(SHA256.HashData(content));

    /// <summary>A file that only grows, without a buffer: one system call a line, so that a killed client loses none.</summary>
    public static FileStream OpenFile(string path) =>
        new(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);

    public void AppendTo(FileStream file) => file.Write([.. JsonSerializer.SerializeToUtf8Bytes(this), (byte)'\n']);

    public static IEnumerable<Acknowledgement> Read(string path) => !File.Exists(path) ? [] : File.ReadLines(path)
        .Select(line => JsonSerializer.Deserialize<Acknowledgement>(line)!);
}
