export const lines = async () => ({ forPeople: '', forPrograms: {} });
