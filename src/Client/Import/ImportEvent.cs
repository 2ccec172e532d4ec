namespace GovChain.Client.Import;

/// <summary>What an event does to its record.</summary>
internal enum ImportOperation
{
    /// <summary>The record begins, or goes on after an annulment.</summary>
    Register,

    /// <summary>A new version.</summary>
    Amend,

    /// <summary>The record ends.</summary>
    Annul,
}

/// <summary>One event of a file, checked.</summary>
/// <param name="Line">Where it stands, from 1.</param>
/// <param name="Operation">What it does.</param>
/// <param name="RecordId">The record's id.</param>
/// <param name="Payload">The version's content, exact bytes; empty for an annulment.</param>
/// <param name="EffectiveDate">YYYY, YYYY-MM or YYYY-MM-DD, or empty.</param>
/// <param name="Reason">Why, as the file says; empty where it says nothing.</param>
internal sealed record ImportEvent(
    int Line, ImportOperation Operation, string RecordId, ReadOnlyMemory<byte> Payload, string EffectiveDate, string Reason);

/// <summary>A whole file, read and checked before anything of it is sent.</summary>
/// <param name="Name">The file's name, without its folder.</param>
/// <param name="Digest">SHA-256 of the file; of a CSV file, of that and the columns it is read by.</param>
/// <param name="MediaType">Of every payload.</param>
/// <param name="Events">In the file's order.</param>
/// <param name="Title">What the file says its type is called, or empty.</param>
/// <param name="Description">What the file says of its type, or empty.</param>
internal sealed record ImportFile(
    string Name, Core.Cryptography.Digest Digest, string MediaType, IReadOnlyList<ImportEvent> Events,
    string Title, string Description);

/// <summary>A file that cannot be imported. Nothing of it was sent.</summary>
internal sealed class ImportFileException(string file, int line, string problem)
    : Exception(line > 0 ? $"{file}, line {line}: {problem}" : $"{file}: {problem}")
{
    /// <summary>From 1; 0 where the problem is the file's.</summary>
    public int Line { get; } = line;
}
