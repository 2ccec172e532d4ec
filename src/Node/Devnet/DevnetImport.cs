using GovChain.Client;
using GovChain.Client.Import;
using GovChain.Core.Model;
using GovChain.Node.Commands;
using GovChain.Protos.V1;

namespace GovChain.Node.Devnet;

/// <summary>One file for one department: type and clerk made where they are missing, then the import itself.</summary>
internal sealed class DevnetImport(DevnetLayout layout, DevnetDepartment department, ImportFile file, string type)
{
    private static readonly TimeSpan Validity = TimeSpan.FromMinutes(10);

    /// <summary>The department.</summary>
    public DevnetDepartment Department { get; } = department;

    /// <summary>The file.</summary>
    public ImportFile File { get; } = file;

    /// <summary>The record type.</summary>
    public string Type { get; } = type;

    /// <summary>Told of each commitment as it becomes known.</summary>
    public Action<ImportAcknowledgement>? Acknowledged { get; init; }

    /// <summary>How it ended; null while it runs.</summary>
    public ImportSummary? Summary { get; private set; }

    /// <summary>Events that an earlier run had ended before this one began.</summary>
    public int EndedBefore { get; private set; }

    /// <summary>The events that are on the ledger, in the file's order.</summary>
    public IReadOnlyList<ImportResult> Committed { get; private set; } = [];

    /// <summary>A file given as FILE or FILE:TYPE; without a type the file's name serves.</summary>
    public static (string Path, string Type) ParseArgument(string argument)
    {
        int colon = argument.LastIndexOf(':');
        string path = colon > 1 && Identifiers.IsType(argument[(colon + 1)..]) && !System.IO.File.Exists(argument)
            ? argument[..colon] : argument;
        string type = path.Length < argument.Length ? argument[(colon + 1)..] : Slug(Path.GetFileNameWithoutExtension(path));
        return Identifiers.IsType(type) ? (path, type) : throw new CommandException(ExitCode.Usage,
            $"--import {argument}: give the record type as FILE:TYPE, with a-z, 0-9 and -.");
    }

    /// <summary>Imports; goes on where an earlier run stopped.</summary>
    public async Task RunAsync(LedgerClient client, Action<ImportProgress>? progress, CancellationToken cancellation)
    {
        string passphrase = layout.At(Department.Id, "passphrase");
        using var clerk = KeyOptions.Open(layout.At(Department.Id, $"{DevnetBuilder.Clerk}.pem"), passphrase);
        var factory = new TransactionFactory(await ChainIdOfAsync(client, cancellation), clerk);
        if ((await client.ListTypesAsync(cancellation)).All(t => t.Type != Type))
        {
            await DefineTypeAsync(
                layout, Department, client, Type, File.Title.Length > 0 ? File.Title : Type, File.Description, cancellation);
        }
        string state = layout.At("imports", $"{Department.Id}-{Type}-{File.Digest.ToShortString()}.jsonl");
        using ImportState memory = ImportState.Open(state, factory.ChainId, Type, File.Digest, factory.Signer);
        EndedBefore = memory.Results.Count;
        var importer = new Importer(client, factory, File, Type, memory) { Acknowledged = Acknowledged };
        Summary = await importer.RunAsync(progress, cancellation);
        Committed = [.. memory.Results.Values.Where(r => r.TransactionId is not null).OrderBy(r => r.Event)];
    }

    /// <summary>Enrols the department's clerk where it is not enrolled yet.</summary>
    public static async Task EnrolClerkAsync(
        DevnetLayout layout, DevnetDepartment department, LedgerClient client, CancellationToken cancellation)
    {
        string passphrase = layout.At(department.Id, "passphrase");
        using var administrator = KeyOptions.Open(layout.At(department.Id, $"{DevnetBuilder.Administrator}.pem"), passphrase);
        using var clerk = KeyOptions.Open(layout.At(department.Id, $"{DevnetBuilder.Clerk}.pem"), passphrase);
        var enrol = new EnrolOfficer
        {
            OfficerId = DevnetBuilder.Clerk,
            PublicKey = Google.Protobuf.ByteString.CopyFrom(clerk.PublicKey.Span),
        };
        enrol.Roles.Add((uint)OfficerRole.Clerk);
        var factory = new TransactionFactory(await ChainIdOfAsync(client, cancellation), administrator);
        try
        {
            await SubmitAsync(client, factory, b => b.EnrolOfficer = enrol, cancellation);
        }
        catch (LedgerClientException e) when (e.Reason is "OFFICER_EXISTS" or "KEY_IN_USE")
        {
            // an earlier start enrolled it
        }
    }

    /// <summary>Defines a type that anybody may read; the department owns it.</summary>
    public static async Task DefineTypeAsync(
        DevnetLayout layout, DevnetDepartment department, LedgerClient client, string type, string title, string description,
        CancellationToken cancellation)
    {
        using var administrator = KeyOptions.Open(
            layout.At(department.Id, $"{DevnetBuilder.Administrator}.pem"), layout.At(department.Id, "passphrase"));
        var define = new DefineType { Type = type, PublicRead = true, Description = description };
        define.Titles.Add(new LocalizedText { Language = "en", Text = title });
        var factory = new TransactionFactory(await ChainIdOfAsync(client, cancellation), administrator);
        await SubmitAsync(client, factory, b => b.DefineType = define, cancellation);
    }

    /// <summary>Submits one envelope until its outcome is known: submitting it again is safe.</summary>
    private static async Task SubmitAsync(
        LedgerClient client, TransactionFactory factory, Action<TransactionBody> action, CancellationToken cancellation)
    {
        ulong now = (ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
        SignedEnvelope envelope = factory.Create(action, now + (ulong)Validity.TotalMilliseconds);
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                await client.SubmitAsync(envelope, cancellation: cancellation);
                return;
            }
            catch (LedgerClientException e) when (e.IsTransient && attempt < 10)
            {
                await Task.Delay(e.RetryAfter ?? TimeSpan.FromMilliseconds(500), cancellation);
            }
        }
    }

    private static async Task<Core.Cryptography.Digest> ChainIdOfAsync(LedgerClient client, CancellationToken cancellation) =>
        Core.Cryptography.Digest.TryParseHex((await client.GetGenesisAsync(cancellation)).ChainId, out Core.Cryptography.Digest id)
            ? id : throw new CommandException(ExitCode.Unavailable, $"The node at {client.Node} gave no chain id.");

    private static string Slug(string name)
    {
        string slug = new([.. name.ToLowerInvariant().Select(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) ? c : '-')]);
        return slug.Trim('-');
    }
}
