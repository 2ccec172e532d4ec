// Registers a licence, amends it, reads it back proven, and shows what a refusal looks like.
using GovChain.Client;
using GovChain.Client.Keys;

if (args is not [string node, string authority, string chainId, string key, string passphraseFile, string receiptFile])
{
    Console.Error.WriteLine("usage: Records NODE AUTHORITY-FILE CHAIN-ID KEY-FILE PASSPHRASE-FILE RECEIPT-FILE");
    return 2;
}
using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) =>
{
    e.Cancel = true;
    stop.Cancel();
};
try
{
    using Passphrase passphrase = Passphrase.Resolve(passphraseFile, creating: false);
    using ISigner officer = KeyFile.Open(key, passphrase);
    using var ledger = new RecordLedger(new RecordLedgerOptions
    {
        Nodes = [new Uri(node)],
        AuthorityFile = authority,
        ChainId = chainId,
        Signer = officer,
    });

    var shop = new RecordKey("business-licence", $"SHOP-{Guid.NewGuid():N}");
    CommittedChange registered = await ledger.RecordAsync(
        RecordDraft.Register(shop, RecordContent.Json(new { Name = "Bakery" })), stop.Token);
    CommittedChange amended = await ledger.RecordAsync(
        RecordDraft.Amend(shop, RecordContent.Json(new { Name = "Bakery and Cafe" }), "new owner") with
        {
            ExpectedVersion = registered.Version,
        }, stop.Token);
    Console.WriteLine($"{amended.Record} has version {amended.Version}, block {amended.Height}, signed by {amended.Department}/{amended.OfficerId}");
    await File.WriteAllBytesAsync(receiptFile, amended.Receipt, stop.Token);

    ProvenRecord? found = await ledger.FindAsync(shop, stop.Token);
    Console.WriteLine($"proven as of block {found!.AsOfHeight}: version {found.Version}, {found.Content}");

    try
    {
        await ledger.RecordAsync(RecordDraft.Annul(shop, "closed") with { ExpectedVersion = registered.Version }, stop.Token);
    }
    catch (LedgerClientException refusal) when (refusal.Reason == "VERSION_CONFLICT")
    {
        Console.WriteLine($"refused: {refusal.Reason}, for the current version is {refusal.Facts["currentVersion"]}");
    }
    return 0;
}
catch (Exception e) when (e is LedgerClientException or KeyFileException)
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
